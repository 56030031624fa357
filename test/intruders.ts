import { newFormNonce } from '../src/platform/form-nonce.ts'
import { asUser, type PageAnswer } from './as.ts'
import { sendFile } from './bring-file.ts'
import type { Place } from './e2e/furnish.ts'
import { makeApiKey, makeMember, type TestProduct } from './make.ts'
import type { Route } from './replayed-routes.ts'

/** What is put into a route's form. */
type Form = (route: Route) => Record<string, string | string[]>

export interface Intruder {
  who: string
  isSignedIn: boolean
  send(route: Route, path: string): Promise<PageAnswer>
}

/** Sends a route's request as a person: a page, a form with all that any takes, or a file. */
export function asSender(product: TestProduct, user: Awaited<ReturnType<typeof asUser>>, form: Form, headers = {}) {
  return async (route: Route, path: string): Promise<PageAnswer> => {
    const { method, pattern } = route
    if (method === 'GET') return user.get(path, headers)
    if (!pattern.endsWith('/import') || !user.cookie()) return user.post(path, form(route), headers)
    return sendFile(product, user, `${path}?form_nonce=${newFormNonce()}`, 'email\nnew@example.com\n')
  }
}

/** Everybody who must not see anything of an organisation: another one's people and keys, who left, and strangers. */
export async function makeIntruders(
  product: TestProduct,
  victim: Place,
  rival: Place,
  form: Form,
): Promise<Intruder[]> {
  const [admin, member, left] = [
    await makeMember(product, rival.organisation, 'admin'),
    await makeMember(product, rival.organisation, 'member'),
    await makeMember(product, victim.organisation, 'admin'),
  ]
  await product.database.owner.kysely.deleteFrom('members').where('user_id', '=', left.id).execute()
  const { secret } = await makeApiKey(rival.organisation)
  const intruder = async (who: string, credentials?: { email: string; password: string }, headers = {}) => ({
    who,
    isSignedIn: credentials !== undefined,
    send: asSender(product, await asUser(product, credentials), form, headers),
  })
  return [
    await intruder("another organisation's owner", rival.organisation.owner),
    await intruder("another organisation's admin", admin),
    await intruder("another organisation's member", member),
    await intruder('somebody who was removed', left),
    await intruder('somebody who is not signed in'),
    await intruder("another organisation's key", undefined, { Authorization: `Bearer ${secret}` }),
  ]
}
