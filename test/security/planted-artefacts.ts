import { sql } from 'kysely'
import type { TrustArtefact } from '../../src/features/accounts/credential-events.ts'
import { newTotpSecret } from '../../src/features/accounts/totp.ts'
import { mailedPath } from '../people.ts'
import { secretIn } from '../two-factor.ts'
import { type AccountOwner, type AccountWorld, newAddress, resetLink, signInAgain } from './account-world.ts'
import { openBrowser } from './browser-of.ts'

/** Tries what was planted, after the event: whether it still serves its purpose. */
export type Try = (owner: AccountOwner) => Promise<boolean>

export interface Planted {
  /** Plants it before there is an account; most need one. */
  before?: (world: AccountWorld, email: string) => Promise<Try>
  plant?: (world: AccountWorld, owner: AccountOwner) => Promise<Try>
}

/** Empties what guesses from an address and at an account have, but for browsers that have not guessed yet. */
async function useUpGuesses({ plain }: AccountWorld, email: string, from: string): Promise<void> {
  const stranger = await openBrowser(plain, from)
  await stranger.post('/sign-in', { email, password: 'a wrong guess of it' })
  await sql`update rate_limits set tokens = 0, refilled_at = clock_timestamp() where subject like 'sign-in:%'`.execute(
    plain.database.owner.kysely,
  )
  const { status } = await stranger.post('/sign-in', { email, password: 'a wrong guess of it' })
  if (status !== 429) throw new Error(`guesses are not used up: ${status}`)
}

/** A session of the account as it is now; of a new one with the address where it was deleted. */
async function currentSession(world: AccountWorld, owner: AccountOwner) {
  try {
    return await signInAgain(world, owner, '192.0.2.88')
  } catch {
    const browser = await openBrowser(world.plain, '192.0.2.88')
    await browser.post('/sign-up', { email: owner.email, password: owner.password })
    return browser
  }
}

export const planted: Record<TrustArtefact, Planted> = {
  sessions: {
    async plant(world, owner) {
      const other = await signInAgain(world, owner)
      return () => other.isSignedIn()
    },
  },
  trusted_devices: {
    async plant(world, owner) {
      const other = await signInAgain(world, owner, '192.0.2.9')
      await other.post('/sign-out')
      return async ({ email, password }) => {
        await sql`delete from rate_limits`.execute(world.plain.database.owner.kysely)
        await useUpGuesses(world, email, '192.0.2.9')
        return (await other.post('/sign-in', { email, password })).status !== 429
      }
    },
  },
  mfa_challenges: {
    async plant({ plain, mailing }, owner) {
      const other = await openBrowser(plain)
      const { email, password } = owner
      // Without two-factor sign-in an account that was never confirmed has a challenge, too.
      if (!owner.secret) await setConfirmed(plain, email, false)
      await other.to(mailing, '/sign-in', { email, password })
      if (!owner.secret) await setConfirmed(plain, email, true)
      if (!other.jar.has('queueup.half_session')) throw new Error('no challenge')
      return async () => !(await other.post('/sign-in/code', { code: '000000' })).location?.includes('done=late')
    },
  },
  reset_links: {
    async plant(world, owner) {
      const link = await resetLink(world, owner.email)
      const browser = await openBrowser(world.plain)
      return async () => (await browser.post(link, { password: 'a password of the thief' })).status === 303
    },
  },
  email_changes: {
    async plant(world, owner) {
      const email = newAddress()
      await owner.browser.post('/account/email', { email })
      const link = await mailedPath(world.plain, email, 'confirm-email')
      return async (now) => {
        const { location } = await (await currentSession(world, now)).post(link)
        return location === '/account?saved=email-confirmed'
      }
    },
  },
  pending_two_factors: {
    async plant(world, owner) {
      const other = await signInAgain(world, owner)
      const secret = owner.secret
        ? await plantPending(world, owner.email)
        : secretIn((await other.post('/account/two-factor/new')).html)
      return async (now) => {
        const { kysely } = world.plain.database.owner
        const rows = await kysely.selectFrom('pending_two_factors').select('secret').execute()
        const { secrets } = world.plain.services
        if (rows.some((row) => secrets.open('two-factor', row.secret) === secret)) return true
        for (const browser of [other, await currentSession(world, now)])
          if ((await browser.post('/account/two-factor', { code: world.clock.nextCode(secret) })).status === 201)
            return true
        return false
      }
    },
  },
  sign_ups: {
    async before({ plain, mailing }, email) {
      const visitor = await openBrowser(plain)
      await visitor.to(mailing, '/sign-up', { email, password: 'a password of the visitor' })
      const link = await mailedPath(plain, email, 'confirm-sign-up')
      // While the address has an account the link says so, and makes nothing.
      return async () => {
        const page = await visitor.to(mailing, link, {})
        if (page.location === '/') throw new Error('the link made an account')
        return page.location === '/sign-in?done=account'
      }
    },
  },
}

async function setConfirmed(product: AccountWorld['plain'], email: string, isConfirmed: boolean): Promise<void> {
  const { kysely } = product.database.owner
  await kysely.updateTable('users').set({ email_verified: isConfirmed }).where('email', '=', email).execute()
}

/** A secret as if it had been asked for before two-factor sign-in was on: turning it on ends such, so no page makes one. */
async function plantPending({ plain }: AccountWorld, email: string): Promise<string> {
  const { secrets } = plain.services
  const secret = newTotpSecret()
  await sql`insert into pending_two_factors (session_id, user_id, secret, secret_version)
    select max(s.id), u.id, ${secrets.seal('two-factor', secret)}, ${secrets.version}
    from users u join sessions s on s.user_id = u.id where u.email = ${email} group by u.id`.execute(
    plain.database.owner.kysely,
  )
  return secret
}
