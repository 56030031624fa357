import type { Child } from 'hono/jsx'
import { type Actor, hasRole } from '../../platform/context.ts'
import type { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import { LimitNotice } from '../plans/limit-notice.tsx'
import type { Invitation } from './invitations.ts'
import { InvitationsTable } from './invitations-table.tsx'
import type { Member } from './members.ts'
import { roleLabels } from './role-labels.ts'

type RoleName = keyof typeof roleLabels

interface MembersPageProps {
  frame: Frame
  actor: Actor
  members: Member[]
  invitations: Invitation[]
  now: Date
  notice?: string | undefined
  /** Why nobody can be invited now. */
  noRoom: AppError | undefined
  dialog?: Child
  error?: AppError | undefined
  typed?: { email: string; role: string } | undefined
}

export function MembersPage({
  frame,
  actor,
  members,
  invitations,
  now,
  notice,
  noRoom,
  error,
  typed,
  dialog,
}: MembersPageProps) {
  const base = `/o/${frame.organisation?.slug}/members`
  const isOwner = hasRole(actor, 'owner')
  const roles = (isOwner ? ['owner', 'admin', 'member'] : ['admin', 'member']) as RoleName[]
  return (
    <PageLayout title="Members" frame={frame} current="members" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>Members</h1>
          <p>Owners may do everything, admins all but plan and deletion. Members see waitlists and subscribers.</p>
        </div>
        {isOwner && members.length > 1 ? (
          <a class="button plain" id="transfer" href={`${base}/transfer`}>
            Transfer ownership
          </a>
        ) : null}
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      {error && error.errors.length === 0 && error.code !== 'limit_reached' ? (
        <Notice kind="bad">{error.message}</Notice>
      ) : null}
      <div class="stack-large">
        <InviteForm
          base={base}
          roles={roles}
          error={error}
          typed={typed}
          noRoom={noRoom}
          planHref={isOwner ? `/o/${frame.organisation?.slug}/plan` : undefined}
        />
        <CardTable caption="Members" columns={['Name', 'Role', 'Joined', { label: 'Actions', hidden: true }]}>
          {members.map((member) => (
            <MemberRow
              member={member}
              base={base}
              roles={roles}
              isSelf={actor.type === 'user' && actor.id === member.user_id}
              mayChange={isOwner || member.role !== 'owner'}
              now={now}
            />
          ))}
        </CardTable>
        {invitations.length > 0 ? (
          <InvitationsTable invitations={invitations} base={base} isOwner={isOwner} now={now} />
        ) : null}
      </div>
    </PageLayout>
  )
}

function InviteForm(
  props: Pick<MembersPageProps, 'error' | 'typed' | 'noRoom'> & {
    base: string
    roles: RoleName[]
    planHref: string | undefined
  },
) {
  const { base, roles, error, typed, noRoom, planHref } = props
  return (
    <form method="post" action={`${base}/invitations`} class="card stack">
      <div>
        <h2>Invite somebody</h2>
        <p class="hint">They get a link that lasts seven days.</p>
      </div>
      <LimitNotice error={noRoom} planHref={planHref} />
      <input type="hidden" name="form_nonce" value={newFormNonce()} />
      <div class="beside">
        <Field
          name="email"
          label="Email"
          type="email"
          required
          value={typed?.email ?? ''}
          problems={error?.errors ?? []}
        />
        <div class="field">
          <label for="role">Role</label>
          <select class="input" id="role" name="role">
            {[...roles].reverse().map((role) => (
              <option value={role} selected={typed?.role === role}>
                {roleLabels[role]}
              </option>
            ))}
          </select>
        </div>
        <button type="submit" class="button">
          Send invitation
        </button>
      </div>
    </form>
  )
}

function MemberRow(props: {
  member: Member
  base: string
  roles: RoleName[]
  isSelf: boolean
  mayChange: boolean
  now: Date
}) {
  const { member, base, roles, isSelf, mayChange, now } = props
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
          <form method="post" action={`${base}/${member.user_id}/role`} class="row">
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
            href={`${base}/${member.user_id}/remove`}
          >
            {isSelf ? 'Leave' : 'Remove'}
            <span class="visually-hidden"> {member.name}</span>
          </a>
        ) : null}
      </td>
    </tr>
  )
}
