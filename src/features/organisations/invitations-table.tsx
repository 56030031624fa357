import { newFormNonce } from '../../platform/form-nonce.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { ExactDate } from '../../platform/ui/exact-date.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Invitation } from './invitations.ts'
import { roleLabels } from './role-labels.ts'

interface InvitationsTableProps {
  invitations: Invitation[]
  base: string
  /** Admins see the invitations of owners, and leave them alone. */
  isOwner: boolean
  now: Date
}

/** Whom the organisation waits for, each with the ways to send the mail again and to take it back. */
export function InvitationsTable({ invitations, base, isOwner, now }: InvitationsTableProps) {
  return (
    <CardTable
      caption="Invitations"
      columns={['E-mail', 'Role', 'Invited', 'Good until', { label: 'Actions', hidden: true }]}
    >
      {invitations.map((invitation) => (
        <tr>
          <td class="name" data-label="E-mail">
            {invitation.email}
          </td>
          <td data-label="Role">{roleLabels[invitation.role]}</td>
          <td data-label="Invited">
            <span>
              <RelativeTime at={invitation.created_at} now={now} /> by <bdi>{invitation.invited_by_name}</bdi>
            </span>
          </td>
          <td data-label="Good until">
            {invitation.expires_at > now ? (
              <ExactDate at={invitation.expires_at} />
            ) : (
              <span class="badge warn">Expired</span>
            )}
          </td>
          <td class="actions right">
            {isOwner || invitation.role !== 'owner' ? <InvitationActions invitation={invitation} base={base} /> : null}
          </td>
        </tr>
      ))}
    </CardTable>
  )
}

function InvitationActions({ invitation, base }: { invitation: Invitation; base: string }) {
  return (
    <div class="row">
      <form method="post" action={`${base}/invitations`}>
        <input type="hidden" name="form_nonce" value={newFormNonce()} />
        <input type="hidden" name="email" value={invitation.email} />
        <input type="hidden" name="role" value={invitation.role} />
        <button type="submit" class="button plain small">
          Send again<span class="visually-hidden"> to {invitation.email}</span>
        </button>
      </form>
      <form method="post" action={`${base}/invitations/${invitation.id}/withdraw`}>
        <button type="submit" class="button danger-quiet small">
          Withdraw<span class="visually-hidden"> the invitation of {invitation.email}</span>
        </button>
      </form>
    </div>
  )
}
