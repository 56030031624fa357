import type { AppError } from '../../platform/errors.ts'
import { Field } from '../../platform/ui/field.tsx'
import { MessagePage } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

/** The same for an address with and without an account. */
export function SignUpMailedPage({ frame, email }: { frame: Frame; email: string }) {
  return (
    <MessagePage title="Check your mail" frame={frame}>
      <p>
        A mail is on its way to <strong>{email}</strong>. Open the link in it, best in this browser, within a day.
      </p>
      <p class="small">
        Nothing came? Look among the unwanted mails, or <a href="/sign-up">try again</a>.
      </p>
    </MessagePage>
  )
}

interface ConfirmSignUpProps {
  frame: Frame
  here: string
  email: string
  /** In another browser than where the account was asked for. */
  needsPassword: boolean
  error?: AppError | undefined
}

/** What the link of a sign-up shows: it does nothing until its button is pressed, since mail servers look at links too. */
export function ConfirmSignUpPage({ frame, here, email, needsPassword, error }: ConfirmSignUpProps) {
  return (
    <PageLayout title="Create your account" frame={frame} narrow>
      <form method="post" action={here} class="stack">
        <h1>Create your account</h1>
        <p>
          You will sign in as <strong>{email}</strong>.
        </p>
        {needsPassword ? (
          <>
            <input type="text" autocomplete="username" value={email} hidden readonly />
            <Field
              name="password"
              label="Password"
              type="password"
              autocomplete="new-password"
              required
              hint="At least 10 characters. A sentence is easy to remember and hard to guess."
              problems={error?.errors ?? []}
              autofocus
            />
          </>
        ) : null}
        <button type="submit" class="button">
          Create account
        </button>
      </form>
    </PageLayout>
  )
}
