import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AccountWorld, makeAccountWorld, makeOwner, newAddress } from './account-world.ts'

const day = 86_400

let world: AccountWorld
beforeAll(async () => {
  world = await makeAccountWorld()
})
afterAll(() => world.close())

function maxAgeOf(headers: Headers): number | undefined {
  const line = headers.getSetCookie().find((cookie) => cookie.includes('session_token'))
  return line === undefined ? undefined : Number(/Max-Age=(\d+)/.exec(line)?.[1])
}

test('a session in use is prolonged, its cookie with it, and ends 90 days after the sign-in', async () => {
  const { browser } = await makeOwner(world, newAddress(), true)
  for (let age = 10; age < 90; age += 10) {
    world.clock.wait(10 * day)
    const page = await browser.get('/account')
    expect([age, page.status]).toEqual([age, 200])
    const expected = Math.min(30, 90 - age) * day
    if (age <= 60) expect(maxAgeOf(page.headers)).toBe(expected)
    // Nothing is left to prolong.
    else expect(maxAgeOf(page.headers)).toBeUndefined()
  }
  world.clock.wait(10 * day - 60)
  expect(await browser.isSignedIn()).toBe(true)
  world.clock.wait(60)
  expect(await browser.isSignedIn()).toBe(false)
})

test('proving the password again, and a new token, do not let a session last longer', async () => {
  const owner = await makeOwner(world, newAddress(), true)
  world.clock.wait(29 * day)
  await owner.browser.get('/account')
  world.clock.wait(29 * day)
  await owner.browser.get('/account')
  world.clock.wait(29 * day)
  const signedOut = await owner.browser.post('/account/sign-out-elsewhere')
  expect(maxAgeOf(signedOut.headers)).toBe(3 * day)
  world.clock.wait(3 * day)
  expect(await owner.browser.isSignedIn()).toBe(false)
})

test('a session that nobody uses ends after 30 days', async () => {
  const { browser } = await makeOwner(world, newAddress(), true)
  world.clock.wait(30 * day)
  expect(await browser.isSignedIn()).toBe(false)
})

test('no writer of the database makes a session last longer', async () => {
  await makeOwner(world, newAddress(), true)
  const { kysely } = world.plain.database.owner
  const later = sql`update sessions set expires_at = created_at + interval '91 days'`
  await expect(later.execute(kysely)).rejects.toThrow(/sessions_end/)
})
