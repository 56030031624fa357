import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { makeApiKey, makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { mailedPath, mailsTo, password, signUp } from '../../../test/people.ts'
import { stopClock, turnOn } from '../../../test/two-factor.ts'
import { mintApiKeySecret } from '../api-keys/api-key-secret.ts'
import { inviteMember } from '../organisations/invite-member.ts'

const proxied = { TRUSTED_PROXIES: '127.0.0.1' }
let product: TestProduct
let clock: ReturnType<typeof stopClock>
let count = 0
beforeAll(async () => {
  product = await makeProduct(proxied)
  clock = stopClock(product)
})
afterAll(() => product.close())
beforeEach(() => sql`delete from rate_limits`.execute(product.database.owner.kysely))

const from = (address: string) => ({ 'X-Forwarded-For': address })

/** What is guessed at one account, by keyed hash; what comes from one address in all is another matter. */
const pairs = `sign-in:${'_'.repeat(43)}`

/** As if the rest had been used up: hashing a password for each try would take long. */
const leave = (tokens: number, of: string) =>
  sql`update rate_limits set tokens = least(tokens, ${tokens}), refilled_at = clock_timestamp()
    where subject like ${of}`.execute(product.database.owner.kysely)

async function somebody() {
  const email = `ada-${++count}@example.com`
  return { email, user: await signUp(product, email) }
}

async function signIn(email: string, headers: Record<string, string>, given = password, at = product) {
  return (await asUser(at, undefined)).post('/sign-in', { email, password: given }, headers)
}

const wrong = 'a wrong guess of it'

/** A sign-in where what had been used up still is, however slow the machine: what is not of it yet has all its tries. */
async function signInUsedUp(...args: Parameters<typeof signIn>) {
  await leave(0, pairs)
  return signIn(...args)
}

/** Uses up an attacker's tries at an account, there and from their other addresses. */
async function useUp(email: string, address: string) {
  expect((await signIn(email, from(address), wrong)).status).toBe(422)
  await leave(0, pairs)
  const limited = await signIn(email, from(address), wrong)
  expect(limited.status).toBe(429)
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
}

test('no spelling of the address, and none of where one comes from, gives more tries', async () => {
  const { email } = await somebody()
  await useUp(email, '2001:db8:7:1::1')
  const spellings = [email.toUpperCase(), ` ${email}\t`, email.replace('a', 'A'), email.replace('example', 'EXAMPLE')]
  const places = [
    [
      '2001:db8:7:1:ffff::5',
      '2001:DB8:0007:0001:0:0:0:1',
      '1.2.3.4, 2001:db8:7:1::2',
      '2001:db8:7:1::1%eth0, 2001:db8:7:1::1',
    ],
    ['::1, 127.0.0.1, 2001:db8:7:1::3', 'unknown, 2001:db8:7:1::4'],
  ].flat()
  const more = { Forwarded: 'for=192.0.2.9', 'X-Real-IP': '192.0.2.9', 'CF-Connecting-IP': '192.0.2.9', Via: '1.1 x' }
  for (const [i, place] of places.entries()) {
    const page = await signInUsedUp(spellings[i % spellings.length] ?? email, { ...from(place), ...more })
    expect([place, page.status]).toEqual([place, 429])
  }
  // Another spelling that is another account is no way to this one.
  expect((await signIn(email.replace('@', '+1@'), from('192.0.2.9'))).status).toBe(422)
  expect((await signIn(email.replace('-', '.-'), from('192.0.2.9'))).status).toBe(422)
})

test('whoever no proxy of ours speaks for is who they are, whatever they say', async () => {
  const site = 'http://queueup.example'
  const direct = await makeProduct({ PUBLIC_URL: site }, product)
  try {
    const { email } = await somebody()
    await useUp(email, '127.0.0.1')
    for (const place of ['192.0.2.1', '2001:db8::1', '10.0.0.1, 192.0.2.3'])
      expect((await signInUsedUp(email, { ...from(place), Origin: site }, password, direct)).status).toBe(429)
  } finally {
    await direct.close()
  }
})

test('other processes, and a start anew, give no more tries', async () => {
  const { email } = await somebody()
  await useUp(email, '192.0.2.20')
  for (let i = 0; i < 2; i++) {
    const other = await makeProduct(proxied, product)
    expect((await signInUsedUp(email, from('192.0.2.20'), password, other)).status).toBe(429)
    await other.close()
  }
})

test('many tries at once are no more than one after the other', async () => {
  const { email } = await somebody()
  await signIn(email, from('192.0.2.30'), wrong)
  await leave(4, pairs)
  const pages = await Promise.all(Array.from({ length: 16 }, () => signIn(email, from('192.0.2.30'), wrong)))
  expect(pages.filter((page) => page.status === 422).length).toBeLessThanOrEqual(5)
})

test('whoever has a whole /48 is slowed as one, at that account alone', async () => {
  const { email } = await somebody()
  const other = await somebody()
  await signIn(email, from('2001:db8:48:1::1'), wrong)
  await leave(4, pairs)
  const statuses: number[] = []
  for (let i = 2; i < 12 && statuses.at(-1) !== 429; i++)
    statuses.push((await signIn(email, from(`2001:db8:48:${i}::1`), wrong)).status)
  expect(statuses.at(-1)).toBe(429)
  expect((await signIn(other.email, from('2001:db8:48:ff::1'))).status).toBe(303)
  expect((await signIn(email, from('2001:db9:49:1::1'))).status).toBe(303)
})

test('while somebody guesses, the person gets in from elsewhere, and beside them with a browser that they used before', async () => {
  const { email } = await somebody()
  const eve = await somebody()
  const deviceOf = async (whose: string, headers = {}) =>
    (await signIn(whose, { ...from('198.51.100.1'), ...headers })).headers
      .getSetCookie()
      .find((line) => line.includes('trusted_device'))
      ?.split(';')[0] ?? ''
  const device = await deviceOf(email)
  await useUp(email, '192.0.2.40')
  expect((await signIn(email, from('203.0.113.2'))).status).toBe(303)
  const withCookie = (cookie: string) => signInUsedUp(email, { ...from('192.0.2.40'), Cookie: cookie })
  expect((await withCookie(device)).status).toBe(303)
  const value = device.split('=')[1] ?? ''
  for (const cookie of [
    '',
    await deviceOf(eve.email),
    `${device.slice(0, -3)}AAA`,
    `queueup.trusted_device=${btoa('{}')}`,
    `x=${value}`,
  ])
    expect((await withCookie(cookie)).status).toBe(429)
  // A stolen one is no way around the limit either, nor does signing in again make it another.
  await sql`delete from rate_limits`.execute(product.database.owner.kysely)
  const again = await deviceOf(email, { Cookie: device })
  await signIn(email, { ...from('192.0.2.41'), Cookie: device }, wrong)
  expect((await signInUsedUp(email, { ...from('192.0.2.42'), Cookie: again }, wrong)).status).toBe(429)
})

test('codes that others guess at do not keep out a browser that signed in before', async () => {
  const { email, user } = await somebody()
  const { secret } = await turnOn(user, clock)
  const enter = async (address: string, code: string, device = '') => {
    const half = await signIn(email, from(address))
    const Cookie = [half.headers.getSetCookie()[0]?.split(';')[0], device].join('; ')
    return (await asUser(product, undefined)).post('/sign-in/code', { code }, { ...from(address), Cookie })
  }
  const entered = await enter('198.51.100.7', clock.nextCode(secret))
  const device = entered.headers
    .getSetCookie()
    .find((line) => line.includes('trusted_device'))
    ?.split(';')[0]
  await sql`delete from sessions`.execute(product.database.owner.kysely)
  await enter('192.0.2.50', '000000')
  await leave(0.5, 'code:%')
  expect((await enter('192.0.2.51', clock.nextCode(secret))).status).toBe(429)
  expect((await enter('192.0.2.51', clock.nextCode(secret), device)).status).toBe(303)
})

test('a flood of links to a new password to one mailbox is stopped leaves one that works in it', async () => {
  const { email } = await somebody()
  const visitor = await asUser(product, undefined)
  for (let i = 0; i < 7; i++)
    expect((await visitor.post('/forgot-password', { email }, from('192.0.2.60'))).status).toBe(200)
  expect((await visitor.post('/forgot-password', { email }, from('198.51.100.9'))).status).toBe(200)
  expect((await mailsTo(product, email)).length).toBeLessThanOrEqual(5)
  const link = await mailedPath(product, email, 'reset-password')
  expect((await visitor.post(link, { password: 'a password chosen anew' })).status).toBe(303)
})

test('links that are made up are slowed, and a good one works from the same address', async () => {
  const { email } = await somebody()
  const organisation = await makeOrganisation(product)
  const invited = `invited-${count}@example.com`
  await inviteMember(organisation.ctx, { email: invited, role: 'member' })
  const invitation = await mailedPath(product, invited, 'invitations')
  const visitor = await asUser(product, undefined)
  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  await visitor.post('/forgot-password', { email })
  const reset = await mailedPath(product, email, 'reset-password')
  const here = from('192.0.2.70')
  await visitor.get('/invitations/madeup', here)
  await leave(0, 'link:%')
  const anew = { password: 'a password chosen anew' }
  for (const page of [
    await visitor.get('/invitations/madeup', here),
    await visitor.get('/sign-up?next=/invitations/madeup', here),
    await visitor.get('/confirm-sign-up/madeup', here),
    await visitor.post('/reset-password/madeup', anew, here),
    await member.get('/invitations/madeup', here),
    await member.post('/invitations/madeup', {}, here),
    await member.get('/confirm-email/madeup', here),
    await member.post('/confirm-email/madeup', {}, here),
  ])
    expect(page.status).toBe(429)
  expect((await visitor.get(invitation, here)).status).toBe(200)
  expect((await visitor.get(`/sign-up?next=${invitation}`, here)).status).toBe(200)
  expect((await visitor.post(reset, anew, here)).status).toBe(303)
  expect((await visitor.get('/invitations/madeup', from('198.51.100.3'))).status).toBe(404)
})

test('keys that are made up are counted for a whole /64, and a good key passes beside them', async () => {
  const { secret } = await makeApiKey(await makeOrganisation(product))
  const guess = (address: string) => asApiKey(product, mintApiKeySecret()).get('/key', from(address))
  expect((await guess('2001:db8:9:9::1')).status).toBe(401)
  const statuses: number[] = []
  // What a process has leased of the bucket passes yet.
  for (let round = 0; round < 5 && !statuses.includes(429); round++) {
    await leave(0, 'ip:%')
    const answers = await Promise.all(Array.from({ length: 80 }, (_, i) => guess(`2001:db8:9:9::${i + 2}`)))
    statuses.push(...answers.map(({ status }) => status))
  }
  expect(statuses).toContain(429)
  expect((await asApiKey(product, secret).get('/key', from('2001:db8:9:9::1'))).status).toBe(200)
})

test('no text is too long to be looked at before anything is done that takes longer than in proportion', async () => {
  const { email, user } = await somebody()
  const normalize = vi.spyOn(String.prototype, 'normalize')
  try {
    // Ordering the marks of one letter takes seconds for so many.
    const text = `a${'\u0300\u0316'.repeat(50_000)}`
    const visitor = await asUser(product, undefined)
    // As much as a form of somebody who is not signed in takes.
    for (const path of ['/sign-in', '/sign-up', '/forgot-password', '/reset-password/x'])
      await visitor.post(path, { email, password: text.slice(0, 2_500) })
    await visitor.post('/sign-in', { email: text.slice(0, 2_500), password })
    await user.post('/account/password', { current_password: text.slice(0, 20_000), password: text.slice(0, 20_000) })
    const path = `${user.home}/waitlists`
    const made = await user.post(path, { name: 'Long' })
    await user.post(`${made.location?.split('?')[0]}/add`, { email: `${text.slice(0, 40_000)}@example.com` })
    expect(normalize.mock.contexts.map((text) => String(text).length).filter((length) => length > 2_000)).toEqual([])
    expect(normalize).toHaveBeenCalled()
  } finally {
    normalize.mockRestore()
  }
})
