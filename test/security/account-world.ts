import { randomBase62 } from '../../src/platform/secrets.ts'
import { makeProduct, type TestProduct } from '../make.ts'
import { mailedPath, password, textOf } from '../people.ts'
import { recoveryCodesIn, secretIn, stopClock } from '../two-factor.ts'
import { type Browser, openBrowser } from './browser-of.ts'

/** Two processes of one product: one keeps its mails, as before there was a mail server, the other one sends them. */
export interface AccountWorld {
  plain: TestProduct
  mailing: TestProduct
  clock: ReturnType<typeof stopClock>
  close(): Promise<void>
}

export async function makeAccountWorld(): Promise<AccountWorld> {
  const plain = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
  const mailing = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1', SMTP_URL: 'smtp://127.0.0.1:1' }, plain)
  const clock = stopClock(plain)
  mailing.services.now = plain.services.now
  const close = async () => {
    await mailing.close()
    await plain.close()
  }
  return { plain, mailing, clock, close }
}

export interface AccountOwner {
  email: string
  password: string
  /** Where they are signed in. */
  browser: Browser
  /** Of the app, while two-factor sign-in is on. */
  secret?: string
}

export function newAddress(): string {
  return `owner-${randomBase62(10).toLowerCase()}@example.com`
}

/** Somebody with an account, made before there was a mail server or confirmed since. */
export async function makeOwner(world: AccountWorld, email: string, isConfirmed: boolean): Promise<AccountOwner> {
  const browser = await openBrowser(world.plain)
  const signedUp = await browser.post('/sign-up', { email, password })
  if (signedUp.status !== 303) throw new Error(`sign-up answered ${signedUp.status}: ${textOf(signedUp.html)}`)
  if (isConfirmed)
    await world.plain.database.owner.kysely
      .updateTable('users')
      .set({ email_verified: true })
      .where('email', '=', email)
      .execute()
  return { email, password, browser }
}

export async function turnOnTwoFactor({ clock }: AccountWorld, owner: AccountOwner): Promise<string[]> {
  const secret = secretIn((await owner.browser.post('/account/two-factor/new')).html)
  const page = await owner.browser.post('/account/two-factor', { code: clock.nextCode(secret) })
  if (page.status !== 201) throw new Error(`turning on answered ${page.status}: ${textOf(page.html)}`)
  owner.secret = secret
  return recoveryCodesIn(page.html)
}

/** Signs the owner in, in a further browser. */
export async function signInAgain(world: AccountWorld, owner: AccountOwner, from?: string): Promise<Browser> {
  const browser = await openBrowser(world.plain, from)
  await browser.post('/sign-in', { email: owner.email, password: owner.password })
  if (owner.secret) await browser.post('/sign-in/code', { code: world.clock.nextCode(owner.secret) })
  if (!(await browser.isSignedIn())) throw new Error('could not sign in')
  return browser
}

export async function resetLink({ plain }: AccountWorld, email: string): Promise<string> {
  await (await openBrowser(plain)).post('/forgot-password', { email })
  return mailedPath(plain, email, 'reset-password')
}
