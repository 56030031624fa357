import { newFormNonce } from '../../platform/form-nonce.ts'
import { Dialog } from '../../platform/ui/dialog.tsx'
import type { Member } from './members.ts'

/** Who is to be the owner, and what becomes of whoever is it now: the one step of a transfer. */
export function TransferDialog({ base, name, others }: { base: string; name: string; others: Member[] }) {
  const closeHref = `${base}#transfer`
  return (
    <Dialog
      id="transfer-ownership"
      title={
        <>
          Transfer the ownership of <bdi>{name}</bdi>?
        </>
      }
      closeHref={closeHref}
    >
      {others.length === 0 ? (
        <p>There is nobody here but you. Invite somebody first.</p>
      ) : (
        <p>They become an owner and you become an admin, at once. Only an owner can make you one again.</p>
      )}
      <form method="post" action={`${base}/transfer`} class="stack">
        <input type="hidden" name="form_nonce" value={newFormNonce()} />
        {others.length > 0 ? (
          <div class="field">
            <label for="to">New owner</label>
            <select class="input" id="to" name="to">
              {others.map(({ user_id, name, email }) => (
                <option value={user_id}>{name === email ? name : `${name} (${email})`}</option>
              ))}
            </select>
          </div>
        ) : null}
        <div class="dialog-actions">
          <a class="button plain" href={closeHref} autofocus>
            Cancel
          </a>
          {others.length > 0 ? (
            <button type="submit" class="button danger">
              Transfer ownership
            </button>
          ) : null}
        </div>
      </form>
    </Dialog>
  )
}
