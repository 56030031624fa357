import { MessagePage } from '../../platform/ui/message-page.tsx'
import type { Frame } from '../../platform/ui/page-layout.tsx'

interface InvitationPageProps {
  frame: Frame
  here: string
  invitation: { email: string; name: string; invited_by_name: string }
}

/** What the link of an invitation shows: the button for whom it is for, and the way on for everybody else. */
export function InvitationPage({ frame, here, invitation }: InvitationPageProps) {
  const { person } = frame
  return (
    <MessagePage
      title={`Join ${invitation.name}`}
      heading={
        <>
          Join <bdi>{invitation.name}</bdi>
        </>
      }
      frame={frame}
    >
      <p>
        <bdi>{invitation.invited_by_name}</bdi> invites <strong>{invitation.email}</strong> to{' '}
        <bdi>{invitation.name}</bdi>.
      </p>
      {person?.email === invitation.email ? (
        <form method="post" action={here}>
          <button type="submit" class="button">
            Join <bdi>{invitation.name}</bdi>
          </button>
        </form>
      ) : person ? (
        <form method="post" action="/sign-out" class="stack">
          <p>
            You are signed in as {person.email}. Sign out, and go on as {invitation.email}.
          </p>
          <input type="hidden" name="next" value={here} />
          <div>
            <button type="submit" class="button">
              Sign out
            </button>
          </div>
        </form>
      ) : (
        <div class="row">
          <a class="button" href={`/sign-up?next=${encodeURIComponent(here)}`}>
            Create an account
          </a>
          <a class="button plain" href={`/sign-in?next=${encodeURIComponent(here)}`}>
            Sign in
          </a>
        </div>
      )}
    </MessagePage>
  )
}
