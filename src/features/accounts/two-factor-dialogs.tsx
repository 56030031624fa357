import type { AppError } from '../../platform/errors.ts'
import { CopyCode, CopyField } from '../../platform/ui/copy-field.tsx'
import { Dialog } from '../../platform/ui/dialog.tsx'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { QrCode } from '../../platform/ui/qr-code.tsx'
import { ConfirmAddressForm } from './confirm-address-form.tsx'
import { totpUri } from './totp.ts'

const account = '/account#two-factor'

/** What two-factor sign-in is, before there is a secret to show. */
export function StartDialog() {
  return (
    <Dialog id="two-factor-start" title="Turn on two-factor sign-in" closeHref={account}>
      <p>
        Signing in asks for your password and a six-digit code. An authenticator app on your phone makes the code:
        Aegis, Google Authenticator, 1Password and others.
      </p>
      <p>Turning it on signs you out everywhere else.</p>
      <form method="post" action="/account/two-factor/new" class="dialog-actions">
        <a class="button plain" href={account}>
          Cancel
        </a>
        <button type="submit" class="button" autofocus>
          Show the QR code
        </button>
      </form>
    </Dialog>
  )
}

/** Before two-factor sign-in, to somebody whose address no mail has confirmed. */
export function ConfirmFirstDialog({ email }: { email: string }) {
  return (
    <Dialog id="two-factor-confirm-first" title="Confirm your email address first" closeHref={account}>
      <p>
        Your address <strong>{email}</strong> was never confirmed. If it is mistyped, somebody else gets the links that
        choose your password. Confirm it, then turn on two-factor sign-in.
      </p>
      <ConfirmAddressForm email={email}>
        <a class="button plain" href={account}>
          Cancel
        </a>
      </ConfirmAddressForm>
    </Dialog>
  )
}

/** The secret, for the eye of a phone and as text, and the first code that proves it arrived. */
export function SetUpDialog({ secret, email, error }: { secret: string; email: string; error?: AppError | undefined }) {
  const uri = totpUri(secret, email)
  const problems = error?.errors ?? []
  return (
    <Dialog id="two-factor-set-up" title="Turn on two-factor sign-in" closeHref={account}>
      <p>Scan this with an authenticator app, or type the secret into it. Then enter the code that it shows.</p>
      <div class="stack" data-shown-once>
        <div class="qr-place">
          <QrCode text={uri} label="QR code for your app" />
          <a class="button ghost small" href={uri}>
            Open the app on this device
          </a>
        </div>
        <CopyField id="totp-secret" label="Secret" value={secret} />
      </div>
      {error && problems.length === 0 ? <Notice kind="bad">{error.message}</Notice> : null}
      <form method="post" action="/account/two-factor" class="stack">
        <Field
          name="code"
          label="Code"
          autocomplete="one-time-code"
          inputmode="numeric"
          maxlength={20}
          required
          autofocus
          problems={problems}
          hint="Six digits. It is on once this is right."
        />
        <div class="dialog-actions">
          <a class="button plain" href={account}>
            Cancel
          </a>
          <button type="submit" class="button">
            Turn on
          </button>
        </div>
      </form>
    </Dialog>
  )
}

/** The one time that recovery codes are shown. It closes on purpose only. */
export function RecoveryCodesDialog({ codes, isNew }: { codes: string[]; isNew?: boolean }) {
  return (
    <Dialog id="recovery-codes" title="Your recovery codes">
      <p>
        {isNew ? 'Two-factor sign-in is on. ' : null}
        <strong>Save these now: this is the only time they are shown.</strong> Each signs you in once when you do not
        have your app{isNew ? '.' : '; the earlier ones no longer work.'}
      </p>
      <CopyCode id="codes" label="Recovery codes" code={codes.join('\n')} secret />
      <div class="dialog-actions">
        <a class="button" href={account}>
          Done, I have saved them
        </a>
      </div>
    </Dialog>
  )
}

export function TurnOffDialog({ email, error }: { email: string; error?: AppError | undefined }) {
  const problems = error?.errors ?? []
  return (
    <Dialog id="two-factor-off" title="Turn off two-factor sign-in?" closeHref={account}>
      <p>Your password alone is enough to sign in then, for you and for whoever learns it.</p>
      {error && problems.length === 0 ? <Notice kind="bad">{error.message}</Notice> : null}
      <form method="post" action="/account/two-factor/off" class="stack">
        <input type="text" autocomplete="username" value={email} hidden readonly />
        <Field
          name="off_password"
          label="Password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
          problems={problems}
        />
        <Field
          name="code"
          label="Code"
          autocomplete="one-time-code"
          maxlength={40}
          required
          problems={problems}
          hint="Of your app, or a recovery code."
        />
        <div class="dialog-actions">
          <a class="button plain" href={account}>
            Cancel
          </a>
          <button type="submit" class="button danger">
            Turn off
          </button>
        </div>
      </form>
    </Dialog>
  )
}
