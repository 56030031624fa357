import type { AppError } from '../../platform/errors.ts'
import { Field } from '../../platform/ui/field.tsx'
import { MessagePage } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

export function ForgotPasswordPage({ frame }: { frame: Frame }) {
  return (
    <PageLayout title="Forgot your password?" frame={frame} narrow>
      <form method="post" action="/forgot-password" class="stack">
        <h1>Forgot your password?</h1>
        <p>Tell us your e-mail address, and we send you a link to choose a new one. It lasts an hour.</p>
        <Field name="email" label="E-mail" type="email" autocomplete="username" required autofocus />
        <button type="submit" class="button">
          Send link
        </button>
        <p class="small">
          <a href="/sign-in">Back to signing in</a>
        </p>
      </form>
    </PageLayout>
  )
}

/** The same for a known and an unknown address. */
export function MailSentPage({ frame }: { frame: Frame }) {
  return (
    <MessagePage title="Check your mail" frame={frame}>
      <p>If there is an account with that address, a link to choose a new password is on its way. It lasts an hour.</p>
      <p class="row">
        <a class="button plain" href="/sign-in">
          Back to signing in
        </a>
        <a href="/forgot-password">Send it again</a>
      </p>
    </MessagePage>
  )
}

export function ResetPasswordPage({ frame, token, error }: { frame: Frame; token: string; error?: AppError }) {
  return (
    <PageLayout title="Choose a new password" frame={frame} narrow>
      <form method="post" action={`/reset-password/${encodeURIComponent(token)}`} class="stack">
        <h1>Choose a new password</h1>
        <p>You will be signed out everywhere else.</p>
        <Field
          name="password"
          label="New password"
          type="password"
          autocomplete="new-password"
          required
          hint="At least 10 characters."
          problems={error?.errors ?? []}
          autofocus
        />
        <button type="submit" class="button">
          Save password
        </button>
      </form>
    </PageLayout>
  )
}

/** To somebody who signs in to an account from before mails were sent. */
export function ConfirmAddressMailedPage({ frame, email }: { frame: Frame; email: string }) {
  return (
    <MessagePage title="Confirm your email address" frame={frame}>
      <p>
        Your address was never confirmed. We sent a link to <strong>{email}</strong>. Open it in this browser within ten
        minutes to sign in with your password.
      </p>
      <p>Later, or in another browser, the link lets you choose a new password instead.</p>
      <p class="row">
        <a class="button plain" href="/sign-in">
          Back to sign-in
        </a>
      </p>
    </MessagePage>
  )
}

export function ConfirmAddressPage({ frame, token, email }: { frame: Frame; token: string; email: string }) {
  return (
    <PageLayout title="Confirm your email address" frame={frame} narrow>
      <form method="post" action={`/reset-password/${encodeURIComponent(token)}`} class="stack">
        <h1>Confirm your email address</h1>
        <p>
          Your account belongs to <strong>{email}</strong>. Your password and two-factor sign-in stay as they are.
        </p>
        <input type="hidden" name="confirm" value="address" />
        <button type="submit" class="button">
          Confirm and sign in
        </button>
      </form>
    </PageLayout>
  )
}
