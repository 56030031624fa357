import { CardTable } from '../../platform/ui/card-table.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import { deviceInWords } from './device-in-words.ts'
import type { Session } from './sessions.ts'

/** Where somebody is signed in, and the ways to end it. */
export function SessionsTable(props: { sessions: Session[]; areMore: boolean; ownId: string; now: Date }) {
  const { sessions, areMore, ownId, now } = props
  return (
    <section class="stack" id="sessions">
      <div class="spread">
        <h2>Where you are signed in</h2>
        {sessions.length > 1 ? (
          <form method="post" action="/account/sign-out-elsewhere">
            <button type="submit" class="button plain small">
              Sign out everywhere else
            </button>
          </form>
        ) : null}
      </div>
      {areMore ? (
        <p class="quiet">
          These are the {sessions.length} that were seen last. Signing out everywhere else ends the others too.
        </p>
      ) : null}
      <CardTable
        caption="Where you are signed in"
        columns={['Device', 'Last seen', 'IP address', 'Signed in', { label: 'Actions', hidden: true }]}
      >
        {sessions.map((session) => (
          <tr>
            <td class="name" data-label="Device">
              <span title={session.user_agent ?? undefined}>{deviceInWords(session.user_agent)}</span>{' '}
              {session.id === ownId ? <span class="badge good">This one</span> : null}
            </td>
            <td data-label="Last seen">
              <RelativeTime at={session.last_seen_at} now={now} />
            </td>
            <td data-label="IP address">
              <span class="mono">{session.ip_address ?? '–'}</span>
            </td>
            <td data-label="Signed in">
              <RelativeTime at={session.created_at} now={now} />
            </td>
            <td class="actions right">
              <form method="post" action={`/account/sessions/${session.id}/end`}>
                <button type="submit" class="button danger-quiet small">
                  Sign out
                  <span class="visually-hidden">
                    {' '}
                    {session.id === ownId ? 'here' : `of ${deviceInWords(session.user_agent)}`}
                  </span>
                </button>
              </form>
            </td>
          </tr>
        ))}
      </CardTable>
    </section>
  )
}
