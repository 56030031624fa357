import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { checkPassword } from '../../src/features/accounts/check-password.ts'
import { signInBrowser } from '../../src/features/accounts/sign-in-browser.ts'
import { mailsTo, password } from '../people.ts'
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
import { type Browser, copyOf, openBrowser } from './browser-of.ts'

let world: AccountWorld
beforeAll(async () => {
  world = await makeAccountWorld()
})
afterAll(() => world.close())
beforeEach(() => sql`delete from rate_limits`.execute(world.plain.database.owner.kysely))

async function subjectsTo(email: string): Promise<string[]> {
  return (await mailsTo(world.plain, email)).map(({ subject }) => subject)
}

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

test('all trusted browsers together guess codes slowly, the owner gets in with another one, and is told', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  await turnOnTwoFactor(world, owner)
  const { email } = owner
  const stolen: Browser[] = []
  for (let i = 0; i < 6; i++) stolen.push(await signInAgain(world, owner, '192.0.2.67'))
  const own = await signInAgain(world, owner, '198.51.100.7')
  for (const browser of [...stolen, own]) {
    await browser.post('/sign-out')
    await browser.post('/sign-in', { email, password })
  }
  let looked = 0
  for (const browser of stolen)
    looked += await countGuesses(11, () => browser.post('/sign-in/code', { code: '000000' }))
  // Thirty as trusted browsers, then ten as the address they come from.
  expect(looked).toBeLessThanOrEqual(41)
  expect((await own.post('/sign-in/code', { code: world.clock.nextCode(owner.secret ?? '') })).location).toBe('/')
  expect(await subjectsTo(email)).toContain('Somebody knows your QueueUp password')
})

test('all trusted browsers together guess passwords slowly, and then as any other browser does', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  const { email } = owner
  const wrong = { email, password: 'a wrong guess of it' }
  const stolen = [await signInAgain(world, owner, '192.0.2.68'), await signInAgain(world, owner, '192.0.2.68')]
  const own = await signInAgain(world, owner, '198.51.100.8')
  const stranger = await openBrowser(world.plain, '192.0.2.68')
  for (const browser of [...stolen, own, stranger]) await browser.post('/sign-in', wrong)
  const { kysely } = world.plain.database.owner
  // As if it had been used up, but for what each trusted browser has of its own.
  await sql`update rate_limits set tokens = 0, refilled_at = clock_timestamp() where subject like 'sign-in:%'`.execute(
    kysely,
  )
  const devices = await kysely.selectFrom('trusted_devices').select('id').execute()
  const hash = (text: string) => world.plain.services.secrets.hash('token', text).toString('base64url')
  for (const { id } of devices)
    await sql`delete from rate_limits where subject = ${`sign-in:${hash(`device ${id} ${email}`)}`}`.execute(kysely)
  expect((await stolen[1]?.post('/sign-in', wrong))?.status).toBe(429)
  const elsewhere = await copyOf(own, world.plain, '203.0.113.9')
  expect((await elsewhere.post('/sign-in', { email, password })).status).toBe(303)
})

test('guesses within an account are limited over all of its sessions, told by mail, and the owner can end them', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  await turnOnTwoFactor(world, owner)
  const stolen: Browser[] = []
  for (let i = 0; i < 5; i++) stolen.push(await signInAgain(world, owner))
  const guess = (browser: Browser) =>
    browser.post('/account/two-factor/off', { off_password: password, code: '000000' })
  let looked = 0
  for (const browser of stolen) looked += await countGuesses(11, () => guess(browser))
  expect(looked).toBeLessThanOrEqual(31)
  expect(await subjectsTo(owner.email)).toContain('Wrong passwords or codes in your QueueUp account')
  const form = { current_password: 'a wrong guess of it', password: 'another one for it' }
  expect((await owner.browser.post('/account/password', form)).status).toBe(429)
  expect((await owner.browser.post('/account/sign-out-elsewhere')).status).toBe(303)
  for (const browser of stolen) expect((await guess(browser)).location).toMatch(/^\/sign-in/)
  await sql`update rate_limits set refilled_at = refilled_at - interval '31 seconds'`.execute(
    world.plain.database.owner.kysely,
  )
  expect((await owner.browser.post('/account/password', { ...form, current_password: password })).status).toBe(303)
})

test('many wrong passwords from many places are told to the owner once, and to nobody where there is no account', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  const nobody = newAddress()
  const wrong = async (email: string, i: number) =>
    (await openBrowser(world.plain, `10.9.${i}.1`)).post('/sign-in', { email, password: 'a wrong guess of it' })
  for (const email of [owner.email, nobody]) {
    await wrong(email, 0)
    await sql`update rate_limits set tokens = 0, refilled_at = clock_timestamp() where subject like 'wrong-password:%'`.execute(
      world.plain.database.owner.kysely,
    )
    for (let i = 1; i < 4; i++) expect((await wrong(email, i)).status).toBe(422)
  }
  expect(await subjectsTo(owner.email)).toEqual(['Many wrong passwords for your QueueUp account'])
  expect(await subjectsTo(nobody)).toEqual([])
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
    (owner) => owner.browser.post('/account/sign-out-elsewhere'),
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
