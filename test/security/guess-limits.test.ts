import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mailsTo, password } from '../people.ts'
import {
  type AccountWorld,
  makeAccountWorld,
  makeOwner,
  newAddress,
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
