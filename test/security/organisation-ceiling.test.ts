import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { revokeApiKey } from '../../src/features/api-keys/revoke-api-key.ts'
import { asApiKey } from '../as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'

const burst = 10
const ceiling = 10 * burst
let first: TestProduct
let second: TestProduct
beforeAll(async () => {
  // A token comes back every minute, and one of the ceiling every six seconds: too few to play a part.
  const limits = { API_RATE_LIMIT_PER_MINUTE: '1', API_RATE_LIMIT_BURST: String(burst) }
  first = await makeProduct(limits)
  second = await makeProduct(limits, first)
})
afterAll(async () => {
  await second.close()
  await first.close()
})

async function makeKeys(count: number) {
  const organisation = await makeOrganisation(first, 'team')
  const keys = await Promise.all(Array.from({ length: count }, () => makeApiKey(organisation)))
  return { organisation, secrets: keys.map(({ secret }) => secret) }
}

/** Every key as often as it may. */
async function useUp(secrets: string[], processes: TestProduct[]) {
  for (const on of processes) for (const secret of secrets) await asApiKey(on, secret).get('/key')
  const asked = secrets.flatMap((secret) =>
    Array.from({ length: burst }, (_, n) => asApiKey(processes[n % processes.length] ?? first, secret).get('/key')),
  )
  return (await Promise.all(asked)).filter(({ status }) => status === 200).length + secrets.length * processes.length
}

test('all keys of an organisation together get through no more than ten times what one may, and are told how long to wait', async () => {
  const { organisation, secrets } = await makeKeys(15)
  const spare = await makeApiKey(organisation)
  const [revoked, readOnly] = [await makeApiKey(organisation), await makeApiKey(organisation, ['subscribers:read'])]
  const path = `/waitlists/${await makeWaitlist(organisation)}/subscribers`
  expect((await asApiKey(first, readOnly.secret).get(path)).status).toBe(200)
  expect((await asApiKey(first, revoked.secret).get(path)).status).toBe(200)
  expect((await asApiKey(first, spare.secret).get(path)).status).toBe(200)
  await revokeApiKey(organisation.ctx, revoked.id)
  const startedMs = performance.now()
  const passed = await useUp(secrets, [first])
  // Those that their own key's limit refuses give theirs back when it may be too late for others.
  expect(passed).toBeGreaterThanOrEqual(0.85 * ceiling)
  expect(passed).toBeLessThanOrEqual(ceiling - 3 + Math.ceil((performance.now() - startedMs) / 6_000))
  const more = []
  for (let n = 0; n < burst - 1; n++) more.push(await asApiKey(first, spare.secret).get('/key'))
  const refused = more.find(({ status }) => status === 429)
  if (!refused) throw new Error('all were let through')
  expect([refused.status, refused.json.code, refused.json.detail]).toEqual([
    429,
    'rate_limited',
    expect.stringContaining("This organisation's keys"),
  ])
  // Six seconds a token; its own bucket has some left, and says so.
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(7)
  expect(refused.headers.get('ratelimit')).toMatch(/^"default";r=\d$/)
  // What a key may not do at all, it is told first.
  expect((await asApiKey(first, revoked.secret).get('/key')).status).toBe(401)
  expect((await asApiKey(first, readOnly.secret).post(path, { email: 'a@example.com' })).status).toBe(403)
  const stranger = await makeKeys(1)
  expect((await asApiKey(first, stranger.secrets[0]).get('/key')).status).toBe(200)
})

test('two processes share the ceiling: what they let through beyond it in the same moment is waited for afterwards', async () => {
  const { organisation, secrets } = await makeKeys(15)
  const startedMs = performance.now()
  const passed = await useUp(secrets, [first, second])
  expect(passed).toBeGreaterThanOrEqual(0.85 * ceiling)
  const tokens = async () => {
    const { rows } = await sql<{ tokens: number }>`
      select tokens from rate_limits where subject = ${`org:${organisation.id}`}`.execute(first.database.owner.kysely)
    return rows[0]?.tokens ?? ceiling
  }
  // All of them are taken in the end, but for what has come back.
  const returned = () => (performance.now() - startedMs) / 6_000
  await vi.waitFor(async () => expect(await tokens()).toBeLessThanOrEqual(ceiling - passed + returned()))
})

test('requests that a key is refused count for nobody else', async () => {
  const { secrets } = await makeKeys(2)
  const [busy, calm] = secrets
  for (let round = 0; round < 4; round++)
    await Promise.all(Array.from({ length: 50 }, () => asApiKey(first, busy).get('/key')))
  expect((await asApiKey(first, busy).get('/key')).status).toBe(429)
  expect((await asApiKey(first, calm).get('/key')).status).toBe(200)
})
