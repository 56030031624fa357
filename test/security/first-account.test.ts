import { afterEach, beforeEach, expect, test } from 'vitest'
import { mailedPath, mailsTo, password, textOf } from '../people.ts'
import { recoveryCodesIn, secretIn } from '../two-factor.ts'
import {
  type AccountOwner,
  type AccountWorld,
  makeAccountWorld,
  makeOwner,
  newAddress,
  resetLink,
  turnOnTwoFactor,
} from './account-world.ts'
import { openBrowser } from './browser-of.ts'

let world: AccountWorld
/** Of the server's first account, which was made before there was a mail server and is never asked to confirm its address. */
let first: AccountOwner
beforeEach(async () => {
  world = await makeAccountWorld()
  first = await makeOwner(world, newAddress(), false)
})
afterEach(() => world.close())

const chosen = 'chosen by a stranger'
const askForLink = (owner = first) => owner.browser.to(world.mailing, '/account/email', { email: owner.email })
const confirmLink = () => mailedPath(world.plain, first.email, 'confirm-email')

async function isConfirmed({ email }: AccountOwner) {
  const users = world.plain.database.owner.kysely.selectFrom('users').where('email', '=', email)
  return (await users.select('email_verified').executeTakeFirstOrThrow()).email_verified
}

/** Chooses a new password through the mailbox, in a browser of its own; answers where signing in with it leads. */
async function resetAndSignIn(owner: AccountOwner) {
  const browser = await openBrowser(world.plain, '192.0.2.66')
  const link = await resetLink(world, owner.email)
  expect((await browser.to(world.mailing, link, { password: chosen })).location).toBe('/sign-in?done=password')
  const page = await browser.to(world.mailing, '/sign-in', { email: owner.email, password: chosen })
  return { browser, location: page.location }
}

test('once mails are sent, two-factor sign-in asks to confirm the address first, and mails the link at a button', async () => {
  const { browser, email } = first
  for (const page of [
    await browser.to(world.mailing, '/account/two-factor/new'),
    await browser.to(world.mailing, '/account/two-factor/new', {}),
  ]) {
    expect(textOf(page.html)).toContain(`Your address ${email} was never confirmed.`)
    expect(page.html).toMatch(new RegExp(`action="/account/email"[^]*value="${email}"[^]*Email me a link`))
    expect(secretIn(page.html)).toBe('')
  }
  expect((await askForLink()).location).toBe('/account?saved=address')
  const sent = textOf((await browser.to(world.mailing, '/account?saved=address')).html)
  expect(sent).toContain('A link to confirm your address is on its way')
  expect(sent).not.toContain('waits to be confirmed')
  const link = await confirmLink()
  expect((await mailsTo(world.plain, email)).map(({ subject }) => subject)).toEqual(['Confirm your email address'])
  expect(textOf((await browser.to(world.mailing, link)).html)).toContain(`Your account belongs to ${email}`)
  expect(await isConfirmed(first)).toBe(false)
  expect((await browser.to(world.mailing, link, {})).location).toBe('/account?saved=address-confirmed')
  const account = textOf((await browser.to(world.mailing, '/account?saved=address-confirmed')).html)
  expect(account).toContain('Your email address is confirmed')
  expect(account).not.toContain('was never confirmed')
  expect((await browser.to(world.mailing, link, {})).status).toBe(404)

  const secret = secretIn((await browser.to(world.mailing, '/account/two-factor/new', {})).html)
  const on = await browser.to(world.mailing, '/account/two-factor', { code: world.clock.nextCode(secret) })
  expect([on.status, recoveryCodesIn(on.html).length]).toEqual([201, 10])
  expect((await resetAndSignIn(first)).location).toBe('/sign-in/code')
})

test('a secret that was shown before mails were sent turns nothing on while the address is unconfirmed', async () => {
  const secret = secretIn((await first.browser.post('/account/two-factor/new')).html)
  const form = { code: world.clock.nextCode(secret) }
  const refused = await first.browser.to(world.mailing, '/account/two-factor', form)
  expect([refused.status, textOf(refused.html)]).toEqual([403, expect.stringContaining('was never confirmed')])
  const page = await (await openBrowser(world.plain)).to(world.mailing, '/sign-in', { email: first.email, password })
  expect(page.location).toBe('/')
})

test('a reset through a mailbox that may be a stranger’s keeps the two-factor sign-in of the first account', async () => {
  const [code = ''] = await turnOnTwoFactor(world, first)
  const forgotten = await openBrowser(world.plain)
  await forgotten.to(world.mailing, '/forgot-password', { email: first.email })
  const mails = (await mailsTo(world.mailing, first.email)).map(({ text }) => text).join('\n')
  expect(mails).toContain('ends everything that was set up before, except two-factor sign-in')
  for (let i = 0; i < 2; i++) {
    const { browser, location } = await resetAndSignIn(first)
    expect(location).toBe('/sign-in/code')
    expect((await browser.to(world.mailing, '/account')).location).toMatch(/^\/sign-in/)
  }
  const subjects = (await mailsTo(world.plain, first.email)).map(({ subject }) => subject)
  expect(subjects).not.toContain('Two-factor sign-in is off')
  const { browser } = await resetAndSignIn(first)
  expect((await browser.to(world.mailing, '/sign-in/code', { code, kind: 'recovery' })).location).toBe('/')
})

test('the mailbox of a later account that was never confirmed still takes it over with its two-factor sign-in', async () => {
  const later = await makeOwner(world, newAddress(), false)
  await turnOnTwoFactor(world, later)
  expect((await resetAndSignIn(later)).location).toBe('/')
  const subjects = (await mailsTo(world.plain, later.email)).map(({ subject }) => subject)
  expect(subjects).toContain('Two-factor sign-in is off')
})

test('the link confirms nothing for anybody but the user who asked, signed in, within an hour', async () => {
  await askForLink()
  const link = await confirmLink()
  const stranger = await openBrowser(world.plain)
  for (const page of [await stranger.to(world.mailing, link), await stranger.to(world.mailing, link, {})])
    expect(page.location).toBe(`/sign-in?next=${encodeURIComponent(link)}`)
  const other = await makeOwner(world, newAddress(), true)
  expect((await other.browser.to(world.mailing, link, {})).status).toBe(404)
  world.clock.wait(3_601)
  expect((await first.browser.to(world.mailing, link, {})).status).toBe(404)
  expect(await isConfirmed(first)).toBe(false)
})

test('confirming the address leaves the name, other sessions and remembered browsers as they are', async () => {
  const phone = await openBrowser(world.plain)
  await phone.post('/sign-in', { email: first.email, password })
  await first.browser.post('/account/name', { name: 'Ada Lovelace' })
  await askForLink()
  expect((await first.browser.to(world.mailing, await confirmLink(), {})).location).toContain('address-confirmed')
  expect([await phone.isSignedIn(), await first.browser.isSignedIn()]).toEqual([true, true])
  expect((await phone.get('/account')).html).toContain('value="Ada Lovelace"')
  expect(await isConfirmed(first)).toBe(true)
})

test('an address that is confirmed, or on a server that sends no mails, is refused as the user’s own', async () => {
  const confirmed = await makeOwner(world, newAddress(), true)
  for (const page of [
    await askForLink(confirmed),
    await first.browser.post('/account/email', { email: first.email.toUpperCase() }),
  ])
    expect([page.status, textOf(page.html)]).toEqual([422, expect.stringContaining('This is your address already')])
  expect(await confirmLink()).toBe('')
  expect(textOf((await first.browser.get('/account')).html)).not.toContain('was never confirmed')
})

test('nobody keeps the link away by asking for that address, and nobody floods it', async () => {
  for (let i = 0; i < 6; i++) {
    const other = await makeOwner(world, newAddress(), true)
    await other.browser.to(world.mailing, '/account/email', { email: first.email })
  }
  expect((await askForLink()).location).toBe('/account?saved=address')
  expect(await confirmLink()).not.toBe('')
  const statuses: number[] = []
  for (let i = 0; i < 6; i++) statuses.push((await askForLink()).status)
  expect(statuses.slice(-2)).toEqual([429, 429])
})
