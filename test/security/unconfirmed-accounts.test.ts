import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mailsTo, password, textOf } from '../people.ts'
import {
  type AccountWorld,
  makeAccountWorld,
  makeOwner,
  newAddress,
  resetLink,
  turnOnTwoFactor,
} from './account-world.ts'
import { openBrowser } from './browser-of.ts'

let world: AccountWorld
let first: string
beforeAll(async () => {
  world = await makeAccountWorld()
  first = newAddress()
  await makeOwner(world, first, false)
})
afterAll(() => world.close())
beforeEach(() => sql`delete from rate_limits`.execute(world.plain.database.owner.kysely))

const chosen = 'chosen by the real owner'

/** The path of the newest link that was mailed to an address. */
async function newestLink(email: string): Promise<string> {
  const text = (await mailsTo(world.plain, email)).map((mail) => mail.text).join('\n')
  return text.match(/\/reset-password\/\S+/g)?.at(-1) ?? ''
}

async function signInWhereMailed(email: string, given = password) {
  const browser = await openBrowser(world.plain)
  const page = await browser.to(world.mailing, '/sign-in', { email, password: given })
  return { browser, page }
}

test('the owner of the mailbox takes an account over that somebody made with their address, two-factor sign-in included', async () => {
  const squatter = await makeOwner(world, newAddress(), false)
  const codes = await turnOnTwoFactor(world, squatter)
  const { email } = squatter
  const link = await resetLink(world, email)
  const victim = await openBrowser(world.plain)
  expect((await victim.to(world.mailing, link, { password: chosen })).location).toBe('/sign-in?done=password')
  expect((await victim.to(world.mailing, '/sign-in', { email, password: chosen })).location).toBe('/')
  expect(await victim.isSignedIn()).toBe(true)
  expect(await squatter.browser.isSignedIn()).toBe(false)
  expect((await signInWhereMailed(email)).page.status).toBe(422)
  // What the victim sets up from now on is theirs: another reset leaves it on.
  await turnOnTwoFactor(world, { email, password: chosen, browser: victim })
  await victim.to(world.mailing, await resetLink(world, email), { password })
  const { browser, page } = await signInWhereMailed(email)
  expect(page.location).toBe('/sign-in/code')
  expect((await browser.post('/sign-in/code', { code: codes[0] ?? '' })).status).toBe(422)
})

test('once mails are sent, signing in to an account that was never confirmed asks for the mailbox first', async () => {
  const owner = await makeOwner(world, newAddress(), false)
  const { browser, page } = await signInWhereMailed(owner.email)
  // Nor do sessions from before stay good there.
  expect((await owner.browser.to(world.mailing, '/account')).location).toMatch(/^\/sign-in/)
  expect([page.status, textOf(page.html)]).toEqual([200, expect.stringContaining('Confirm your email address')])
  expect(await browser.isSignedIn()).toBe(false)
  expect((await browser.to(world.mailing, '/sign-in/code', { code: '000000' })).location).toBe('/sign-in?done=late')
  const link = await newestLink(owner.email)
  expect(textOf((await browser.to(world.mailing, link)).html)).toContain('Confirm and sign in')
  expect((await browser.to(world.mailing, link, { confirm: 'address' })).location).toBe('/')
  expect(await browser.isSignedIn()).toBe(true)
  expect((await browser.to(world.mailing, link, { confirm: 'address' })).status).toBe(404)
  expect((await signInWhereMailed(owner.email)).page.location).toBe('/')
  expect((await owner.browser.to(world.mailing, '/account')).status).toBe(200)
})

test('confirming keeps two-factor sign-in, and asks for its code', async () => {
  const owner = await makeOwner(world, newAddress(), false)
  await turnOnTwoFactor(world, owner)
  const { browser } = await signInWhereMailed(owner.email)
  const link = await newestLink(owner.email)
  // The code alone does not do.
  const early = { code: world.clock.nextCode(owner.secret ?? '') }
  expect((await browser.to(world.mailing, '/sign-in/code', early)).location).toBe('/sign-in?done=late')
  expect((await browser.to(world.mailing, link, { confirm: 'address' })).location).toBe('/sign-in/code')
  expect(await browser.isSignedIn()).toBe(false)
  const code = world.clock.nextCode(owner.secret ?? '')
  expect((await browser.to(world.mailing, '/sign-in/code', { code })).location).toBe('/')
})

test('a mailbox that opens the link of a squatter never confirms the account for them', async () => {
  const squatter = await makeOwner(world, newAddress(), false)
  const { browser } = await signInWhereMailed(squatter.email)
  const link = await newestLink(squatter.email)
  const victim = await openBrowser(world.plain)
  expect(textOf((await victim.to(world.mailing, link)).html)).toContain('Choose a new password')
  expect((await victim.to(world.mailing, link, { confirm: 'address' })).status).toBe(404)
  // Nor with the challenge of an account of their own.
  const other = await makeOwner(world, newAddress(), false)
  const theirs = await signInWhereMailed(other.email)
  expect((await theirs.browser.to(world.mailing, link, { confirm: 'address' })).status).toBe(404)
  expect((await victim.to(world.mailing, link, { password: chosen })).location).toBe('/sign-in?done=password')
  expect((await browser.to(world.mailing, link, { confirm: 'address' })).status).toBe(404)
  expect(await squatter.browser.isSignedIn()).toBe(false)
})

test('the first account gets in whatever becomes of mails, and signing up with the password of another leads to its mailbox', async () => {
  expect((await signInWhereMailed(first)).page.location).toBe('/')
  const owner = await makeOwner(world, newAddress(), false)
  const browser = await openBrowser(world.plain)
  const page = await browser.to(world.mailing, '/sign-up', { email: owner.email, password })
  expect(textOf(page.html)).toContain('Confirm your email address')
  expect(await browser.isSignedIn()).toBe(false)
})
