import { signUpToken } from '../src/features/accounts/pending-sign-up.ts'
import { inviteMember } from '../src/features/organisations/invite-member.ts'
import { newFormNonce } from '../src/platform/form-nonce.ts'
import { randomBase62 } from '../src/platform/secrets.ts'
import { asUser } from './as.ts'
import { type Answer, type Change, makeScene } from './changes.ts'
import type { TestProduct } from './make.ts'
import { mailedPath, password, signIn, signUp } from './people.ts'
import { secretIn, stopClock, turnOn } from './two-factor.ts'

type User = Awaited<ReturnType<typeof asUser>>
const address = () => `somebody-${randomBase62(10).toLowerCase()}@changes.example`
const newPassword = 'another long password'
const recoveryCode = /\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b/
/** What the account's page shows behind a dialog. */
const pageBehind = /from "(?:email_changes|two_factors|sessions|members)"/
const personal = { nothing: 'it belongs to a person, not to an organisation' }

function sending(user: User, path: string, form: Record<string, string> = {}) {
  return async (): Promise<Answer> => {
    const { html, ...answer } = await user.post(path, form)
    return { ...answer, text: html }
  }
}

/** A change by somebody who is signed in, or by a stranger who knows their address. */
function byPerson(
  route: string,
  writes: Change['writes'],
  prepare: (by: {
    product: TestProduct
    user: User
    email: string
    stranger: User
    clock: ReturnType<typeof stopClock>
  }) => Promise<() => Promise<Answer>>,
): Change {
  return {
    route: `POST ${route}`,
    writes,
    async begin(product) {
      const email = address()
      const user = await signUp(product, email)
      const clock = stopClock(product)
      return prepare({ product, user, email, stranger: await asUser(product, undefined), clock })
    },
  }
}

/** Every change outside any organisation's address but what a billing provider tells. */
export const changesOfAccounts: Change[] = [
  byPerson('/sign-up', ['organisation.created'], async ({ stranger }) =>
    sending(stranger, '/sign-up', { email: address(), password }),
  ),
  byPerson('/confirm-sign-up/:token', ['organisation.created'], async ({ product, stranger }) =>
    sending(stranger, `/confirm-sign-up/${signUpToken(product.services, address())}`, { password }),
  ),
  byPerson('/sign-in', personal, async ({ stranger, email }) => sending(stranger, '/sign-in', { email, password })),
  byPerson('/sign-in/code', personal, async ({ stranger, email, user, clock }) => {
    const { secret } = await turnOn(user, clock)
    await stranger.post('/sign-in', { email, password })
    return sending(stranger, '/sign-in/code', { code: clock.nextCode(secret) })
  }),
  {
    ...byPerson('/sign-out', personal, async ({ user }) => sending(user, '/sign-out')),
    // What better-auth looks for once the session is ended.
    unneeded: /^select "primary"\.\* from \(select \* from "sessions"/,
  },
  byPerson('/forgot-password', personal, async ({ stranger, email }) =>
    sending(stranger, '/forgot-password', { email }),
  ),
  byPerson('/reset-password/:token', personal, async ({ product, stranger, email }) => {
    await stranger.post('/forgot-password', { email })
    return sending(stranger, await mailedPath(product, email, 'reset-password'), { password: newPassword })
  }),
  byPerson('/confirm-email/:token', personal, async ({ product, user }) => {
    const email = address()
    await user.post('/account/email', { email })
    return sending(user, await mailedPath(product, email, 'confirm-email'))
  }),
  byPerson('/invitations/:token', ['member.joined'], async ({ product, user, email }) => {
    await inviteMember((await makeScene(product)).organisation.ctx, { email, role: 'member' })
    return sending(user, await mailedPath(product, email, 'invitations'))
  }),
  byPerson('/organisations/new', ['organisation.created'], async ({ user }) =>
    sending(user, '/organisations/new', { name: 'One more', form_nonce: newFormNonce() }),
  ),
  {
    ...byPerson('/account/delete', ['member.removed'], async ({ product, stranger }) => {
      const { id: _, ...person } = await (await makeScene(product)).member()
      await stranger.post('/sign-in', person)
      return sending(stranger, '/account/delete', { confirmation: person.email })
    }),
    piecewise: 'organisations are left one after the other; sent again it goes on',
  },
  byPerson('/account/email', personal, async ({ user }) => sending(user, '/account/email', { email: address() })),
  byPerson('/account/email/cancel', personal, async ({ user }) => {
    await user.post('/account/email', { email: address() })
    return sending(user, '/account/email/cancel')
  }),
  byPerson('/account/name', personal, async ({ user }) => sending(user, '/account/name', { name: 'Ada' })),
  byPerson('/account/password', personal, async ({ user }) =>
    sending(user, '/account/password', { current_password: password, password: newPassword }),
  ),
  byPerson('/account/sign-out-elsewhere', personal, async ({ product, user, email }) => {
    await signIn(product, email)
    return sending(user, '/account/sign-out-elsewhere')
  }),
  byPerson('/account/sessions/:id/end', personal, async ({ product, user, email }) => {
    await signIn(product, email)
    const ends = (await user.get('/account')).html.match(/\/account\/sessions\/[^"]+\/end/g) ?? []
    return sending(user, ends.at(-1) ?? '')
  }),
  {
    ...byPerson('/account/two-factor/new', personal, async ({ user }) => sending(user, '/account/two-factor/new')),
    piecewise: 'the secret is kept for an hour, and shown to who asks again',
    shows: /id="totp-secret" value="[A-Z2-7]+"/,
  },
  {
    ...byPerson('/account/two-factor', personal, async ({ user, clock }) => {
      const secret = secretIn((await user.post('/account/two-factor/new')).html)
      return sending(user, '/account/two-factor', { code: clock.nextCode(secret) })
    }),
    shows: recoveryCode,
    unneeded: pageBehind,
  },
  byPerson('/account/two-factor/off', personal, async ({ user, clock }) => {
    const { secret } = await turnOn(user, clock)
    return sending(user, '/account/two-factor/off', { off_password: password, code: clock.nextCode(secret) })
  }),
  {
    ...byPerson('/account/two-factor/recovery-codes', personal, async ({ user, clock }) => {
      await turnOn(user, clock)
      return sending(user, '/account/two-factor/recovery-codes')
    }),
    shows: recoveryCode,
    unneeded: pageBehind,
  },
]
