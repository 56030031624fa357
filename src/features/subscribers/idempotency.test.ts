import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { revokeApiKey } from '../api-keys/revoke-api-key.ts'

let product: TestProduct
let second: TestProduct
beforeAll(async () => {
  product = await makeProduct()
  second = await makeProduct({}, product)
})
afterAll(async () => {
  await second.close()
  await product.close()
})

async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const key = await makeApiKey(organisation)
  return {
    organisation,
    key,
    api: asApiKey(product, key.secret),
    elsewhere: asApiKey(second, key.secret),
    path: `/waitlists/${waitlist}/subscribers`,
  }
}

test('the same key and body replay the first answer byte for byte, in any process, bare or quoted', async () => {
  const { api, elsewhere, path } = await setUp()
  const body = '{"email": "ada@example.com"}'
  const first = await api.post(path, body, { 'Idempotency-Key': 'abc' })
  expect(first.status).toBe(201)
  expect(first.headers.get('idempotent-replayed')).toBeNull()
  for (const [caller, sent] of [
    [api, 'abc'],
    [elsewhere, '"abc"'],
  ] as const) {
    const again = await caller.post(path, body, { 'Idempotency-Key': sent })
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([201, first.text, 'true'])
  }
  expect((await api.get(path)).json.total).toBe(1)
})

test('the same key with another body is 422, another key with the same body is 200', async () => {
  const { api, path } = await setUp()
  await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': 'k' })
  const other = await api.post(path, { email: 'bob@example.com' }, { 'Idempotency-Key': 'k' })
  expect([other.status, other.json.code]).toEqual([422, 'idempotency_mismatch'])
  expect((await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': 'l' })).status).toBe(200)
  expect((await api.get(path)).json.total).toBe(1)
})

test('while the first is running, the second is 409 at once, in the same process and in another', async () => {
  const { api, elsewhere, path, organisation } = await setUp()
  const held = await product.database.owner.hold()
  await held.query('begin')
  await held.query('select 1 from organisation_counters where organisation_id = $1 for update', [organisation.id])
  const body = { email: 'ada@example.com' }
  // Whichever of them sets its mark first waits for the lock; the others are told at once.
  const codes: string[] = []
  const sent = [api, api, elsewhere].map(async (caller) => {
    const answer = await caller.post(path, body, { 'Idempotency-Key': 'k' })
    codes.push(answer.json.code ?? answer.status)
    return answer.status
  })
  await expect.poll(() => codes, { timeout: 10_000 }).toHaveLength(2)
  await held.query('rollback')
  held.release()
  expect((await Promise.all(sent)).toSorted()).toEqual([201, 409, 409])
  expect(codes.slice(0, 2)).toEqual(['idempotency_in_progress', 'idempotency_in_progress'])
  expect((await api.post(path, body, { 'Idempotency-Key': 'k' })).headers.get('idempotent-replayed')).toBe('true')
})

test('a refused request is not stored: mended, it passes under the same key', async () => {
  const { api, path } = await setUp()
  expect((await api.post(path, { email: 'no' }, { 'Idempotency-Key': 'k' })).status).toBe(422)
  expect((await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': 'k' })).status).toBe(201)
})

test('a revoked key gets no replay', async () => {
  const { api, path, organisation, key } = await setUp()
  await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': 'k' })
  await revokeApiKey(organisation.ctx, key.id)
  expect((await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': 'k' })).status).toBe(401)
})

test("another key of the organisation does not see this one's answers", async () => {
  const { api, path, organisation } = await setUp()
  await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': 'k' })
  const other = asApiKey(product, (await makeApiKey(organisation)).secret)
  expect((await other.post(path, { email: 'bob@example.com' }, { 'Idempotency-Key': 'k' })).status).toBe(201)
})

test('an empty or too long key is 400', async () => {
  const { api, path } = await setUp()
  for (const key of ['', '""', 'x'.repeat(256)]) {
    const answer = await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': key })
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_request'])
  }
  expect((await api.post(path, { email: 'ada@example.com' }, { 'Idempotency-Key': 'x'.repeat(255) })).status).toBe(201)
})
