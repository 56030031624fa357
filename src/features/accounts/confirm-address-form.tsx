import type { Child } from 'hono/jsx'

interface ConfirmAddressFormProps {
  email: string
  /** Buttons in front of its own. */
  children?: Child
}

/**
 * Sends a link to the user's own address, through the form that changes it: the same limits count, and the same password is
 * asked for.
 */
export function ConfirmAddressForm({ email, children }: ConfirmAddressFormProps) {
  return (
    <form method="post" action="/account/email" class={children ? 'dialog-actions' : undefined}>
      <input type="hidden" name="email" value={email} />
      {children}
      <button type="submit" class={children ? 'button' : 'button plain small'} autofocus={children !== undefined}>
        Email me a link
      </button>
    </form>
  )
}
