import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { requestEmailChange } from '../../src/features/accounts/change-email.ts'
import { changePassword } from '../../src/features/accounts/change-password.ts'
import { endTwoFactor, renewRecoveryCodes } from '../../src/features/accounts/change-two-factor.ts'
import { checkPassword } from '../../src/features/accounts/check-password.ts'
import { prepareTwoFactor } from '../../src/features/accounts/pending-two-factor.ts'
import { signInBrowser } from '../../src/features/accounts/sign-in-browser.ts'
import { signOutElsewhere } from '../../src/features/accounts/sign-out-elsewhere.ts'
import { password } from '../people.ts'
import { recoveryCodesIn, secretIn } from '../two-factor.ts'
import {
  type AccountOwner,
  type AccountWorld,
  makeAccountWorld,
  makeOwner,
  newAddress,
  resetLink,
  signInAgain,
  turnOnTwoFactor,
} from './account-world.ts'
import { type Browser, openBrowser } from './browser-of.ts'

let world: AccountWorld
beforeAll(async () => {
  world = await makeAccountWorld()
})
afterAll(() => world.close())
beforeEach(() => sql`delete from rate_limits`.execute(world.plain.database.owner.kysely))

/** Sends guesses until one is limited, at most `max`; answers how many were looked at. */
async function countGuesses(max: number, guess: (i: number) => Promise<{ status: number }>): Promise<number> {
  for (let i = 0; i < max; i++) if ((await guess(i)).status === 429) return i
  return max
}

test('a secret that one session was shown never becomes the secret that another session turns on', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  const thief = await signInAgain(world, owner)
  const planted = secretIn((await thief.post('/account/two-factor/new')).html)
  expect(planted).not.toBe('')
  await turnOnTwoFactor(world, owner)
  expect(owner.secret).not.toBe(planted)
  await thief.post('/sign-in', { email: owner.email, password })
  expect((await thief.post('/sign-in/code', { code: world.clock.nextCode(planted) })).status).toBe(422)
  // Nor does the owner confirm the secret of the thief.
  const other = await makeOwner(world, newAddress(), true)
  const theirs = secretIn((await (await signInAgain(world, other)).post('/account/two-factor/new')).html)
  await other.browser.post('/account/two-factor/new')
  expect((await other.browser.post('/account/two-factor', { code: world.clock.nextCode(theirs) })).status).toBe(422)
})

test('a mistyped code, and the form sent again, leave the secret of the session as it was shown', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  const secret = secretIn((await owner.browser.post('/account/two-factor/new')).html)
  expect(secretIn((await owner.browser.post('/account/two-factor/new')).html)).toBe(secret)
  expect(secretIn((await owner.browser.post('/account/two-factor', { code: '000000' })).html)).toBe(secret)
})

test('of two codes that confirm two-factor sign-in at once one wins, and its recovery codes are the good ones', async () => {
  for (let round = 0; round < 3; round++) {
    const owner = await makeOwner(world, newAddress(), true)
    const secret = secretIn((await owner.browser.post('/account/two-factor/new')).html)
    const codes = [world.clock.code(secret, -1), world.clock.code(secret)]
    const pages = await Promise.all(codes.map((code) => owner.browser.post('/account/two-factor', { code })))
    const shown = pages.map(({ html }) => recoveryCodesIn(html)).filter((codes) => codes.length > 0)
    expect(shown.map((codes) => codes.length)).toEqual([10])
    const browser = await openBrowser(world.plain)
    await browser.post('/sign-in', { email: owner.email, password })
    expect((await browser.post('/sign-in/code', { code: shown[0]?.[0] ?? '' })).location).toBe('/')
  }
})

test('browsers that were trusted one after the other give few attempts, and none once two-factor sign-in is on', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  const hoard: Browser[] = []
  for (let i = 0; i < 15; i++) hoard.push(await signInAgain(world, owner, '192.0.2.66'))
  const devices = () =>
    world.plain.database.owner.kysely
      .selectFrom('trusted_devices as d')
      .innerJoin('users as u', 'u.id', 'd.user_id')
      .select('d.id')
      .where('u.email', '=', owner.email)
      .execute()
  expect(await devices()).toHaveLength(10)
  await Promise.all(hoard.slice(0, 5).map(() => signInAgain(world, owner, '192.0.2.66')))
  expect(await devices()).toHaveLength(10)
  await turnOnTwoFactor(world, owner)
  expect(await devices()).toHaveLength(1)
  const { email } = owner
  await sql`delete from rate_limits`.execute(world.plain.database.owner.kysely)
  for (const browser of hoard) await browser.post('/sign-in', { email, password })
  const guess = (i: number) => (hoard[i % hoard.length] as Browser).post('/sign-in/code', { code: '000000' })
  expect(await countGuesses(40, guess)).toBe(10)
})

test('of several reset links used at once one wins, and none of the others works afterwards', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  const links = []
  for (let i = 0; i < 3; i++) links.push(await resetLink(world, owner.email))
  const wanted = links.map((_, i) => `the new password ${i}`)
  const pages = await Promise.all(
    links.map(async (link, i) => (await openBrowser(world.plain)).post(link, { password: wanted[i] ?? '' })),
  )
  expect(pages.map(({ status }) => status).toSorted()).toEqual([303, 404, 404])
  const winner = pages.findIndex(({ status }) => status === 303)
  for (const link of links)
    expect((await (await openBrowser(world.plain)).post(link, { password: 'one more password' })).status).toBe(404)
  await signInAgain(world, { ...owner, password: wanted[winner] ?? '' })
})

test('a sign-in that checked the password before the credentials changed starts no session after it', async () => {
  const events: ((owner: AccountOwner) => Promise<unknown>)[] = [
    (owner) => turnOnTwoFactor(world, owner),
    (owner) => owner.browser.post('/account/password', { current_password: password, password: 'another password' }),
    async (owner) => (await openBrowser(world.plain)).post(await resetLink(world, owner.email), { password }),
  ]
  for (const event of events) {
    const owner = await makeOwner(world, newAddress(), true)
    const { services } = world.plain
    const proven = await checkPassword(services, { email: owner.email }, password)
    await event(owner)
    if (!proven) throw new Error('wrong password')
    const browser = { cookies: undefined, meta: { requestId: 'req_1', ip: null, userAgent: null } }
    const entered = services.db.kysely.transaction().execute((sql) => signInBrowser(services, sql, proven, browser))
    expect(await entered).toBeUndefined()
  }
})

test('a stolen session cannot keep the owner out by signing out everywhere else again and again', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  await turnOnTwoFactor(world, owner)
  const thief = await signInAgain(world, owner)
  const kick = () => thief.post('/account/sign-out-elsewhere')
  const { email, secret = '' } = owner
  const browser = await openBrowser(world.plain)
  await browser.post('/sign-in', { email, password })
  await kick()
  expect((await browser.post('/sign-in/code', { code: world.clock.nextCode(secret) })).location).toBe('/')
  const link = await resetLink(world, email)
  await kick()
  expect((await browser.post(link, { password: 'chosen by the owner' })).location).toBe('/sign-in?done=password')
  expect(await thief.isSignedIn()).toBe(false)
})

test('a request that was on its way when its session was ended changes nothing', async () => {
  const { services, database } = world.plain
  const owner = await makeOwner(world, newAddress(), true)
  await turnOnTwoFactor(world, owner)
  const thief = await signInAgain(world, owner)
  const session = await database.owner.kysely
    .selectFrom('sessions as s')
    .innerJoin('users as u', 'u.id', 's.user_id')
    .select(['u.id', 'u.email', 's.id as sessionId'])
    .where('u.email', '=', owner.email)
    .orderBy('s.created_at', 'desc')
    .executeTakeFirstOrThrow()
  await owner.browser.post('/account/sign-out-elsewhere')
  expect(await thief.isSignedIn()).toBe(false)
  const meta = { requestId: 'req_1', ip: null, userAgent: null }
  const by = { cookies: undefined, meta }
  const given = { password, code: world.clock.nextCode(owner.secret ?? '') }
  const late: (() => Promise<unknown>)[] = [
    () => renewRecoveryCodes(services, session, meta),
    () => endTwoFactor(services, session, given, by),
    () => changePassword(services, session, { current: password, wanted: 'a password of the thief' }, by),
    () => requestEmailChange(services, session, { email: newAddress() }, meta),
    () => prepareTwoFactor(services, session),
    () => signOutElsewhere(services, session, undefined),
  ]
  for (const request of late) await expect(request()).rejects.toMatchObject({ code: 'unauthenticated' })
  expect(await owner.browser.isSignedIn()).toBe(true)
})

test('signing a browser out from another one ends its trust and the secret it was shown', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  const lost = await signInAgain(world, owner)
  await lost.post('/account/two-factor/new')
  const { html } = await owner.browser.get('/account')
  const ends = html.match(/\/account\/sessions\/[^"]+\/end/g) ?? []
  await owner.browser.post(ends.at(-1) ?? '')
  expect([await lost.isSignedIn(), await owner.browser.isSignedIn()]).toEqual([false, true])
  const { rows } = await sql<{ devices: number; pending: number }>`
    select (select count(*)::int from trusted_devices d where d.user_id = u.id) as devices,
      (select count(*)::int from pending_two_factors p where p.user_id = u.id) as pending
    from users u where u.email = ${owner.email}`.execute(world.plain.database.owner.kysely)
  expect(rows).toEqual([{ devices: 1, pending: 0 }])
})
