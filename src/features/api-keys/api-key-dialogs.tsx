import type { AppError } from '../../platform/errors.ts'
import { CopyCode, CopyField } from '../../platform/ui/copy-field.tsx'
import { ConfirmDialog, Dialog, DialogActions } from '../../platform/ui/dialog.tsx'
import { Field, FormProblem, Problems, problemsOf } from '../../platform/ui/field.tsx'
import { FormOwner } from '../../platform/ui/form-owner.tsx'
import type { Frame } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { ApiKey } from './api-key.ts'
import { scopeNames, scopes } from './scopes.ts'

/** Name and permissions of a key to be. Mistakes are told beside the field, and what was typed stays. */
export function CreateKeyDialog(props: {
  frame: Frame
  base: string
  nonce: string
  typed?: { name: string; scopes: string[] } | undefined
  error?: AppError | undefined
}) {
  const { frame, base, nonce, typed, error } = props
  const problems = error?.errors ?? []
  const ofScopes = problemsOf(problems, 'scopes')
  return (
    <Dialog id="create" title="Create an API key" closeHref={`${base}#create-key`}>
      <FormProblem error={error} />
      <form method="post" action={base} class="stack">
        <FormOwner frame={frame} />
        <input type="hidden" name="form_nonce" value={nonce} />
        <Field
          name="name"
          label="Name"
          value={typed?.name ?? ''}
          required
          autofocus
          autocomplete="off"
          problems={problems}
          placeholder="crm-sync"
          hint="Shows in the Activity log when the key changes something."
        />
        <fieldset class="stack-small" aria-describedby={ofScopes.length > 0 ? 'scopes-problem' : undefined}>
          <legend class="legend">Permissions</legend>
          <p class="hint">
            Both for a typical backend. Only Read for analytics and exports, or where the key could end up close to a
            browser.
          </p>
          {scopeNames.map((scope) => (
            <label class="check">
              <input
                type="checkbox"
                name="scopes"
                value={scope}
                checked={typed?.scopes.includes(scope) ?? false}
                aria-invalid={ofScopes.length > 0 ? 'true' : undefined}
              />
              <span>
                <span>
                  <strong>{scopes[scope].label}</strong> <code>{scope}</code>
                </span>
                <span class="hint">{scopes[scope].description}</span>
              </span>
            </label>
          ))}
          <Problems id="scopes-problem" problems={ofScopes} />
        </fieldset>
        <p class="hint">Permissions cannot be changed later. To change them, create another key and revoke this one.</p>
        <DialogActions closeHref={`${base}#create-key`} verb="Create" />
      </form>
    </Dialog>
  )
}

/** The one time that a key is shown. It closes on purpose only. */
export function RevealKeyDialog({
  base,
  apiKey,
  call,
}: {
  base: string
  apiKey: { id: string; name: string; secret: string }
  call: { label: string; curl: string }
}) {
  return (
    <Dialog
      id="reveal"
      title={
        <>
          Your key “<bdi>{apiKey.name}</bdi>”
        </>
      }
    >
      <p>
        <strong>Copy it now: this is the only time it is shown.</strong> If it is lost, revoke it and create another.
      </p>
      <CopyField id="api-key" label="API key" value={apiKey.secret} secret />
      <CopyCode id="curl" label={call.label} code={call.curl} secret />
      <div class="dialog-actions">
        <a class="button plain" href={`${base}?created=${apiKey.id}#create-key`}>
          Done, I have copied it
        </a>
      </div>
    </Dialog>
  )
}

export function RevokeKeyDialog(props: { base: string; place: string; apiKey: ApiKey; now: Date }) {
  const { base, place, apiKey, now } = props
  return (
    <ConfirmDialog
      id="revoke"
      title={
        <>
          Revoke “<bdi>{apiKey.name}</bdi>”?
        </>
      }
      action={`${base}/${apiKey.id}/revoke${place}`}
      verb="Revoke key"
      closeHref={`${base}${place}#revoke-${apiKey.id}`}
      danger
    >
      <p>
        <code>{apiKey.prefix}</code>{' '}
        {apiKey.last_used_at ? (
          <>
            was last used <RelativeTime at={apiKey.last_used_at} now={now} />.
          </>
        ) : (
          'was never used.'
        )}
      </p>
      <p>Whatever still uses it gets 401 from the next request on. This cannot be undone.</p>
    </ConfirmDialog>
  )
}
