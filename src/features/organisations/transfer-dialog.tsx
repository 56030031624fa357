import type { SeekPage } from '../../platform/db/seek.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import { Dialog } from '../../platform/ui/dialog.tsx'
import type { Member } from './members.ts'

/** Who is to be the owner, and what becomes of whoever is it now: the one step of a transfer. */
export function TransferDialog(props: { base: string; name: string; others: SeekPage<Member>; needle: string }) {
  const { base, name, needle } = props
  const { items: others, after } = props.others
  const areMany = after !== undefined || needle !== ''
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
      {others.length === 0 && !areMany ? (
        <p>There is nobody here but you. Invite somebody first.</p>
      ) : (
        <p>They become an owner and you become an admin, at once. Only an owner can make you one again.</p>
      )}
      {areMany ? <Search base={base} needle={needle} isCut={after !== undefined} found={others.length} /> : null}
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
            {others.length > 0 ? 'Cancel' : 'Close'}
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

/** Finds the few to choose among, where there are many. */
function Search({ base, needle, isCut, found }: { base: string; needle: string; isCut: boolean; found: number }) {
  const words = isCut
    ? `There are more than the ${found} to choose from here: search for a part of the name or address.`
    : found === 0
      ? `Nobody else’s name or e-mail address contains “${needle}”.`
      : ''
  return (
    <form method="get" action={`${base}/transfer`} class="stack" role="search">
      <div class="field">
        <label for="who">Search by name or e-mail</label>
        <input class="input" id="who" name="who" type="search" value={needle} maxlength={254} />
        {words ? <p class="hint">{words}</p> : null}
      </div>
      <div>
        <button type="submit" class="button plain small">
          Search
        </button>
      </div>
    </form>
  )
}
