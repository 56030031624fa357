import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintApiKeySecret } from '../../src/features/api-keys/api-key-secret.ts'
import { revokeApiKey } from '../../src/features/api-keys/revoke-api-key.ts'
import { asApiKey } from '../as.ts'
import { makeApiCaller, makeApiKey, makeProduct, type TestProduct } from '../make.ts'
import { watchWork } from '../work-done.ts'

let product: TestProduct
let work: ReturnType<typeof watchWork>
beforeAll(async () => {
  product = await makeProduct()
  work = watchWork()
})
afterAll(async () => {
  work.stop()
  await product.close()
})

test('a create takes a lock for its Idempotency-Key, or of its organisation, only with a key that is good', async () => {
  const { organisation, path, api } = await makeApiCaller(product)
  const [revoked, readOnly] = [await makeApiKey(organisation), await makeApiKey(organisation, ['subscribers:read'])]
  await revokeApiKey(organisation.ctx, revoked.id)
  const done = async (secret: string, status: number) => {
    work.take()
    const answer = await asApiKey(product, secret).post(path, { email: 'a@example.com' }, { 'Idempotency-Key': 'k1' })
    expect(answer.status).toBe(status)
    return work.take().statements.filter((text) => /advisory|api_create/.test(text))
  }
  expect(await done(mintApiKeySecret(), 401)).toEqual([])
  expect(await done(revoked.secret, 401)).toEqual([])
  expect(await done(readOnly.secret, 403)).toEqual([])
  work.take()
  expect((await api.post(path, { email: 'a@example.com' }, { 'Idempotency-Key': 'k1' })).status).toBe(201)
  const { statements } = work.take()
  const at = (pattern: RegExp) => statements.findIndex((text) => pattern.test(text))
  expect(at(/authorize_api_keys/)).toBeGreaterThanOrEqual(0)
  expect(at(/pg_try_advisory_lock/)).toBeGreaterThan(at(/authorize_api_keys/))
})

test('one token is taken for a create whose key is checked first', async () => {
  const tight = await makeProduct({ API_RATE_LIMIT_PER_MINUTE: '1', API_RATE_LIMIT_BURST: '10' }, product)
  const { secret, path } = await makeApiCaller(product)
  const answers = []
  for (let n = 0; n < 3; n++)
    answers.push(await asApiKey(tight, secret).post(path, { email: 'a@example.com' }, { 'Idempotency-Key': 'once' }))
  expect(answers.map(({ headers }) => headers.get('ratelimit'))).toEqual([9, 8, 7].map((r) => `"default";r=${r}`))
  await tight.close()
})

test('past the limit of failures a request without a key asks the database next to nothing', async () => {
  const asked = () => Promise.all(Array.from({ length: 50 }, () => asApiKey(product, undefined).get('/key')))
  const statuses = new Set<number>()
  for (let round = 0; round < 40 && !statuses.has(429); round++)
    for (const { status } of await asked()) statuses.add(status)
  expect(statuses).toEqual(new Set([401, 429]))
  work.take()
  const startedMs = performance.now()
  await asked()
  // Ten failures a second are allowed again, and asking is what finds out.
  const allowed = 10 * Math.ceil((performance.now() - startedMs) / 1_000)
  expect(work.take().statements.length).toBeLessThanOrEqual(allowed + 10)
})
