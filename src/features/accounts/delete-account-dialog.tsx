import type { AppError } from '../../platform/errors.ts'
import { Dialog, DialogActions } from '../../platform/ui/dialog.tsx'
import { Field, FormProblem } from '../../platform/ui/field.tsx'

const closeHref = '/account#delete-account'

/** What becomes of somebody's account and of what they did, before it is gone. */
export function DeleteAccountDialog(props: { email: string; typed?: string; error?: AppError | undefined }) {
  const { email, typed = '', error } = props
  return (
    <Dialog id="delete-account-dialog" title="Delete your account?" closeHref={closeHref}>
      <FormProblem error={error} />
      <p>
        You leave every organisation and are signed out everywhere, and nobody can undo it. What you did stays in their
        Activity logs under your name; API keys you made keep working.
      </p>
      <form method="post" action="/account/delete" class="stack">
        <Field
          name="confirmation"
          label={`Type ${email} to go on`}
          value={typed}
          required
          autofocus
          autocomplete="off"
          problems={error?.errors ?? []}
        />
        <DialogActions closeHref={closeHref} verb="Delete account" danger />
      </form>
    </Dialog>
  )
}
