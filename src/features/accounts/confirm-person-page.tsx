import type { AppError } from '../../platform/errors.ts'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

/** The field of the password, beside those of whatever form was on its way. */
export const confirmField = 'confirm_password'

interface ConfirmPersonProps {
  frame: Frame
  email: string
  to: string
  downloads: boolean | undefined
  here: string
  /** What was sent, to be sent again. */
  entries: [string, string][]
  error: AppError | undefined
}

/** Asks for the password once more, with all that was typed before on board. */
export function ConfirmPersonPage({ frame, email, to, downloads, here, entries, error }: ConfirmPersonProps) {
  const problems = error?.errors ?? []
  return (
    <PageLayout title="Confirm that it is you" frame={frame} narrow>
      <form method="post" action={here} data-download={downloads} class="stack">
        <h1>Confirm that it is you</h1>
        <p>You signed in more than ten minutes ago. Enter your password to {to}. What you typed is kept.</p>
        {error && problems.length === 0 ? <Notice kind="bad">{error.message}</Notice> : null}
        {entries
          .filter(([name]) => name !== confirmField)
          .map(([name, value]) => (
            <input type="hidden" name={name} value={value} />
          ))}
        <input type="text" autocomplete="username" value={email} hidden readonly />
        <Field
          name={confirmField}
          label="Password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          problems={problems}
        />
        <button type="submit" class="button">
          Confirm
        </button>
        <p class="row small">
          <a href={pageOf(here)}>{downloads ? 'Back' : 'Cancel'}</a>
          <a href="/forgot-password">Forgot your password?</a>
        </p>
      </form>
    </PageLayout>
  )
}

/** The page that a form's address belongs to. */
function pageOf(here: string): string {
  return here.startsWith('/o/') ? here.split('/').slice(0, 4).join('/') : '/account'
}
