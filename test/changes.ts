import type { ActivityAction } from '../src/features/activity/activity.ts'
import { newFormNonce } from '../src/platform/form-nonce.ts'
import { asUser } from './as.ts'
import { makeMember, makeOrganisation, makeWaitlist, type TestProduct } from './make.ts'

export interface Answer {
  status: number
  headers: Headers
  /** What was answered, a page or JSON. */
  text: string
}

/** A request that changes something, and what the log says of it. */
export interface Change {
  /** As it is registered: "POST /o/:slug/settings". */
  route: string
  /** The rows that it writes, in order; or why there is none. */
  writes: ActivityAction[] | { nothing: string }
  /** Why a part of it may be done where the rest fails; sent again it comes to its end. */
  piecewise?: string
  /** What stands in the answer that says that it is done. */
  shows?: RegExp
  /** Statements without which it is done all the same. */
  unneeded?: RegExp
  /** Makes ready all that it needs, and answers how to send it: the same request each time. */
  begin(product: TestProduct): Promise<() => Promise<Answer>>
}

export type Scene = Awaited<ReturnType<typeof makeScene>>

/** An organisation of its own with its owner at a browser, an admin, and somebody to make further things. */
export async function makeScene(product: TestProduct) {
  const organisation = await makeOrganisation(product, 'team')
  const owner = await asUser(product, organisation.owner)
  const home = `/o/${organisation.slug}`
  return {
    product,
    organisation,
    owner,
    home,
    /** A form that the owner sends; one nonce however often. */
    form(path: string, fields: Record<string, string | string[]> = {}) {
      const sent = { form_nonce: newFormNonce(), ...fields }
      return async (): Promise<Answer> => {
        const { html, ...answer } = await owner.post(path.startsWith('/') ? path : `${home}/${path}`, sent)
        return { ...answer, text: html }
      }
    },
    member: () => makeMember(product, organisation, 'admin'),
    waitlist: () => makeWaitlist(organisation),
  }
}

/** A change below an organisation's address, by its owner. */
export function byOwner(
  route: string,
  writes: Change['writes'],
  prepare: (scene: Scene) => Promise<() => Promise<Answer>>,
): Change {
  return { route: `POST ${route}`, writes, begin: async (product) => prepare(await makeScene(product)) }
}
