import type { Actor, Role } from '../../platform/context.ts'
import { toAddress } from '../../platform/ui/address.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Member } from './members.ts'
import { roleLabels } from './role-labels.ts'

interface MembersTableProps {
  members: Member[]
  actor: Actor
  base: string
  shown: Record<string, string | undefined>
  roles: Role[]
  isOwner: boolean
  now: Date
}

export function MembersTable({ members, actor, base, shown, roles, isOwner, now }: MembersTableProps) {
  return (
    <CardTable caption="Members" columns={['Name', 'Role', 'Joined', { label: 'Actions', hidden: true }]}>
      {members.map((member) => (
        <MemberRow
          {...{ member, base, shown, roles, now }}
          isSelf={actor.type === 'user' && actor.id === member.user_id}
          mayChange={isOwner || member.role !== 'owner'}
        />
      ))}
    </CardTable>
  )
}

function MemberRow(props: {
  member: Member
  base: string
  /** What of the address says which members are shown. */
  shown: Record<string, string | undefined>
  roles: Role[]
  isSelf: boolean
  mayChange: boolean
  now: Date
}) {
  const { member, base, shown, roles, isSelf, mayChange, now } = props
  return (
    <tr>
      <td class="name" data-label="Name">
        <span>
          <bdi>{member.name}</bdi>
          {isSelf ? <span class="quiet"> (you)</span> : null}
          {member.email === member.name ? null : <span class="under quiet small">{member.email}</span>}
        </span>
      </td>
      <td data-label="Role">
        {mayChange ? (
          <form method="post" action={toAddress(`${base}/${member.user_id}/role`, shown)} class="row">
            <select class="input" name="role" aria-label={`Role of ${member.name}`}>
              {roles.map((role) => (
                <option value={role} selected={role === member.role}>
                  {roleLabels[role]}
                </option>
              ))}
            </select>
            <button type="submit" class="button plain small" aria-label={`Change the role of ${member.name}`}>
              Change
            </button>
          </form>
        ) : (
          roleLabels[member.role]
        )}
      </td>
      <td data-label="Joined">
        <RelativeTime at={member.created_at} now={now} />
      </td>
      <td class="actions right">
        {mayChange || isSelf ? (
          <a
            class="button danger-quiet small"
            id={`remove-${member.user_id}`}
            href={toAddress(`${base}/${member.user_id}/remove`, shown)}
          >
            {isSelf ? 'Leave' : 'Remove'}
            <span class="visually-hidden"> {member.name}</span>
          </a>
        ) : null}
      </td>
    </tr>
  )
}
