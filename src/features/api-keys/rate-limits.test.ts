import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import {
  makeApiCaller,
  makeApiKey,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestProduct,
} from '../../../test/make.ts'
import { SubscriberCreates } from '../subscribers/create-subscriber-through-key.ts'
import { mintApiKeySecret } from './api-key-secret.ts'
import { KeyGate } from './key-gate.ts'
import { revokeApiKey } from './revoke-api-key.ts'

const burst = 40
let first: TestProduct
let second: TestProduct
beforeAll(async () => {
  // A token comes back every ten minutes: as good as never, so that no clock plays a part.
  const limits = { API_RATE_LIMIT_PER_MINUTE: '1', API_RATE_LIMIT_BURST: String(burst) }
  first = await makeProduct(limits)
  second = await makeProduct(limits, first)
})
afterAll(async () => {
  await second.close()
  await first.close()
})

test('two processes together let no more through than the burst, and hold back at most a tenth each', async () => {
  const key = await makeApiKey(await makeOrganisation(first))
  const answers = await Promise.all(
    Array.from({ length: burst * 2 }, (_, i) => asApiKey(i % 2 ? first : second, key.secret).get('/key')),
  )
  const passed = answers.filter((answer) => answer.status === 200).length
  expect(passed).toBeLessThanOrEqual(burst)
  expect(passed).toBeGreaterThanOrEqual(burst - 2 * (burst / 10))
  const refused = answers.filter((answer) => answer.status === 429)
  expect(passed + refused.length).toBe(burst * 2)
  for (const answer of refused) {
    expect(answer.json.code).toBe('rate_limited')
    expect(answer.headers.get('www-authenticate')).toBeNull()
    const t = Number(/;t=(\d+)$/.exec(answer.headers.get('ratelimit') ?? '')?.[1])
    expect(answer.headers.get('ratelimit')).toMatch(/^"default";r=0;t=\d+$/)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(t)
  }
})

test('one after the other exactly the burst passes, counted down in RateLimit, whatever the answer', async () => {
  const { path, api } = await makeApiCaller(first)
  const left = []
  for (let i = 0; i < burst; i++) {
    const answer = await (i % 3 === 0
      ? api.get('/key')
      : i % 3 === 1
        ? api.post(path, { email: `p${i}@example.com` })
        : api.get(`${path}?limit=0`))
    expect([200, 201, 422]).toContain(answer.status)
    expect(answer.headers.get('ratelimit-policy')).toBe(`"default";q=${burst};w=${burst * 60}`)
    left.push(Number(/r=(\d+)/.exec(answer.headers.get('ratelimit') ?? '')?.[1]))
  }
  expect(left).toEqual(Array.from({ length: burst }, (_, i) => burst - 1 - i))
  expect((await api.get('/key')).status).toBe(429)
})

test('one key used up leaves another key of the organisation alone', async () => {
  const organisation = await makeOrganisation(first)
  const [busy, calm] = [await makeApiKey(organisation), await makeApiKey(organisation)]
  await Promise.all(Array.from({ length: burst + 5 }, () => asApiKey(first, busy.secret).get('/key')))
  await expect.poll(async () => (await asApiKey(first, busy.secret).get('/key')).status).toBe(429)
  expect((await asApiKey(first, calm.secret).get('/key')).status).toBe(200)
})

test('creates in a group are each counted and refused by themselves', async () => {
  const organisation = await makeOrganisation(first)
  const waitlistId = await makeWaitlist(organisation)
  const { secret } = await makeApiKey(organisation)
  const gate = new KeyGate(first.services)
  const creates = new SubscriberCreates(first.services, gate)
  const meta = { requestId: 'req', ip: null, userAgent: null }
  const email = (n: number) => ({ email: `p${n}@example.com`, canonical: `p${n}@example.com` })
  const group = Array.from({ length: burst + 20 }, (_, n) => ({
    ...{ key: gate.present(secret), waitlistId, email: email(n), meta },
    ...{ referralCode: null, joinedAt: null, idempotency: null },
  }))
  const results = await Promise.all(group.map((item) => creates.create(item)))
  expect(results.filter(({ result }) => result === 'added')).toHaveLength(burst)
  expect(results.filter(({ result }) => result === 'rate')).toHaveLength(20)
})

test('of creates that come at once no more pass than the burst, and at most a tenth of it is held back', async () => {
  const { path, api } = await makeApiCaller(first)
  const answers = await Promise.all(
    Array.from({ length: burst + 20 }, (_, i) => api.post(path, { email: `p${i}@example.com` })),
  )
  const created = answers.filter((answer) => answer.status === 201).length
  expect(created).toBeLessThanOrEqual(burst)
  expect(created).toBeGreaterThanOrEqual(burst - burst / 10)
  expect(answers.filter((answer) => answer.status === 429)).toHaveLength(burst + 20 - created)
})

test('failures past 600 from one address are 429, but for a revoked key, and a good key from there passes', async () => {
  const organisation = await makeOrganisation(first)
  const [good, revoked] = [await makeApiKey(organisation), await makeApiKey(organisation)]
  await revokeApiKey(organisation.ctx, revoked.id)
  const statuses = new Set<number>()
  const retries = new Set<string | null>()
  for (let i = 0; i < 40 && !statuses.has(429); i++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => asApiKey(first, mintApiKeySecret()).get('/key')))
    for (const answer of answers) {
      statuses.add(answer.status)
      if (answer.status === 429) retries.add(answer.headers.get('retry-after'))
    }
  }
  expect(statuses).toEqual(new Set([401, 429]))
  expect(retries).toEqual(new Set(['1']))
  expect((await asApiKey(first, revoked.secret).get('/key')).status).toBe(401)
  expect((await asApiKey(first, good.secret).get('/key')).status).toBe(200)
})
