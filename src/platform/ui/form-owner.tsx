import type { Frame } from './page-layout.tsx'

export const formOwnerField = 'form_owner'

/**
 * Says whose form it is, where what is typed into it should survive the end of the session: only the same user sees it again.
 * It names them by a keyed hash.
 */
export function FormOwner({ frame }: { frame: Pick<Frame, 'person'> }) {
  const owner = frame.person?.formOwner
  return owner === undefined ? null : <input type="hidden" name={formOwnerField} value={owner} />
}
