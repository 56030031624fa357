import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { signUpToken } from '../../src/features/accounts/pending-sign-up.ts'
import { mintApiKeySecret } from '../../src/features/api-keys/api-key-secret.ts'
import { networkPrefixes } from '../../src/platform/rate-limit/network-prefixes.ts'
import { asApiKey, asUser } from '../as.ts'
import { makeApiKey, makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { password, signUp } from '../people.ts'

let product: TestProduct
let email: string
beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
  email = (await signUp(product, 'ada@example.com')).email
})
afterAll(() => product.close())
beforeEach(() => sql`delete from rate_limits`.execute(product.database.owner.kysely))

const hex = (n: number) => n.toString(16)
const withinSite = (n: number) => `2001:db8:48:${hex(n)}::1`
const withinProvider = (n: number) => `2001:db8:${hex(n)}:1::1`
const withinFour = (n: number) => `192.0.2.${n % 256}`
const places = { '/48': withinSite, '/32': withinProvider, '/24': withinFour }

/** As if most had been used up: a hash for each of hundreds of tries would take long. */
const leave = (tokens: number, subjects: string) =>
  sql`update rate_limits set tokens = least(tokens, ${tokens}), refilled_at = clock_timestamp()
    where subject like ${subjects}`.execute(product.database.owner.kysely)

type Send = (n: number, headers: Record<string, string>) => Promise<{ status: number }>

const visitor = async () => asUser(product, undefined)
const forms: Record<string, { subjects: string; send: Send }> = {
  'a sign-in at one account': {
    subjects: `sign-in:${'_'.repeat(43)}`,
    send: async (_, headers) => (await visitor()).post('/sign-in', { email, password: 'a wrong guess of it' }, headers),
  },
  'a sign-in at many accounts': {
    subjects: 'sign-in:%/%',
    send: async (n, headers) => (await visitor()).post('/sign-in', { email: `p${n}@example.com`, password }, headers),
  },
  'a sign-up': {
    subjects: 'sign-up:%/%',
    send: async (n, headers) =>
      (await visitor()).post('/sign-up', { email: `new-${hex(n)}-${Math.random()}@example.com`, password }, headers),
  },
  'a forgotten password': {
    subjects: 'forgot:%/%',
    send: async (n, headers) => (await visitor()).post('/forgot-password', { email: `f${n}@example.com` }, headers),
  },
  'a reset link that leads nowhere': {
    subjects: 'link:%/%',
    send: async (_, headers) => (await visitor()).post('/reset-password/madeup', { password }, headers),
  },
  'a confirmation link that leads nowhere': {
    subjects: 'link:%/%',
    send: async (_, headers) => (await visitor()).get('/confirm-sign-up/madeup', headers),
  },
  'an invitation that leads nowhere': {
    subjects: 'link:%/%',
    send: async (_, headers) => (await visitor()).get('/invitations/madeup', headers),
  },
}

for (const [where, addressOf] of Object.entries(places))
  for (const [what, { subjects, send }] of Object.entries(forms))
    test(`${what} is limited for a whole ${where}, and another network is free`, async () => {
      const ask = (n: number) => send(n, { 'X-Forwarded-For': addressOf(n) })
      expect((await ask(1)).status).not.toBe(429)
      await leave(2, subjects)
      const statuses: number[] = []
      for (let n = 2; n < 12 && statuses.at(-1) !== 429; n++) statuses.push((await ask(n)).status)
      expect(statuses.at(-1)).toBe(429)
      expect((await send(99, { 'X-Forwarded-For': '2a00:1450:1::1' })).status).not.toBe(429)
    })

test.each(Object.entries(places))(
  'keys that are made up are limited for a whole %s, and a good key passes beside them',
  async (_, addressOf) => {
    const { secret } = await makeApiKey(await makeOrganisation(product))
    const guess = (n: number) => asApiKey(product, mintApiKeySecret()).get('/key', { 'X-Forwarded-For': addressOf(n) })
    const statuses: number[] = []
    for (let round = 0; round < 6 && !statuses.includes(429); round++) {
      await leave(0, 'ip:%')
      const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => guess(round * 200 + i)))
      statuses.push(...answers.map(({ status }) => status))
    }
    expect(statuses).toContain(429)
    expect((await asApiKey(product, secret).get('/key', { 'X-Forwarded-For': addressOf(1) })).status).toBe(200)
  },
)

test.each(Object.entries(places))('status pages are limited for a whole %s', async (_, addressOf) => {
  const open = async (n: number) => (await visitor()).get(`/s/${'x'.repeat(50)}`, { 'X-Forwarded-For': addressOf(n) })
  const statuses: number[] = []
  for (let round = 0; round < 6 && !statuses.includes(429); round++) {
    await leave(0, 'status:%')
    const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => open(round * 200 + i)))
    statuses.push(...answers.map(({ status }) => status))
  }
  expect(statuses).toContain(429)
})

test('a new email is limited for a whole network too', async () => {
  const user = await signUp(product, 'moves@example.com')
  const ask = (n: number, address: string) =>
    user.post('/account/email', { email: `moved-${n}@example.com` }, { 'X-Forwarded-For': address })
  expect((await ask(1, withinSite(1))).location).toBe('/account?saved=email')
  await leave(0, 'email-change:%/48')
  expect((await ask(2, withinSite(2))).status).toBe(429)
})

test('a good confirmation link hashes no more passwords than a network may sign up', async () => {
  const path = `/confirm-sign-up/${signUpToken(product.services, 'confirms@example.com')}`
  const post = async () => (await visitor()).post(path, { password }, { 'X-Forwarded-For': withinSite(1) })
  expect((await post()).status).toBe(303)
  await leave(0, 'sign-up:%/48')
  expect((await post()).status).toBe(429)
})

test('a client past its own limit uses up nothing of its neighbours’', async () => {
  const from = { 'X-Forwarded-For': withinSite(1) }
  await (await visitor()).get('/invitations/madeup', from)
  await leave(0, 'link:%/64')
  for (let i = 0; i < 100; i++) expect((await (await visitor()).get('/invitations/madeup', from)).status).toBe(429)
  const neighbour = { 'X-Forwarded-For': withinSite(2) }
  expect((await (await visitor()).get('/invitations/madeup', neighbour)).status).toBe(404)
})

test('many requests from many networks at once wait for each other and end', async () => {
  const ask = async (n: number) =>
    (await visitor()).get('/invitations/madeup', { 'X-Forwarded-For': n % 2 ? withinSite(n) : withinProvider(n) })
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(n)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404, 429]))
})

test('an address stands for itself and for the networks around it, however it is written', () => {
  const prefixes = (ip: string | null) => networkPrefixes(ip).map(({ prefix }) => prefix)
  expect(prefixes('192.0.2.77')).toEqual(['192.0.2.77/32', '192.0.2.0/24'])
  expect(prefixes('::ffff:192.0.2.77')).toEqual(prefixes('192.0.2.77'))
  const six = ['2001:db8:1:2::/64', '2001:db8:1::/48', '2001:db8::/32']
  for (const spelling of ['2001:db8:1:2:3:4:5:6', '2001:DB8:0001:2:ffff::', '2001:db8:1:2::%eth0'])
    expect(prefixes(spelling)).toEqual(six)
  expect(prefixes(null)).toEqual(['unknown'])
  expect(prefixes('no address')).toEqual(['unknown'])
})
