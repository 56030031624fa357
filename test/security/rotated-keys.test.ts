import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { KeyGate } from '../../src/features/api-keys/key-gate.ts'
import { revokeApiKey } from '../../src/features/api-keys/revoke-api-key.ts'
import type { Scope } from '../../src/features/api-keys/scopes.ts'
import { setPlan } from '../../src/features/plans/set-plan.ts'
import {
  type CreateThroughKey,
  SubscriberCreates,
} from '../../src/features/subscribers/create-subscriber-through-key.ts'
import { asApiKey } from '../as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, secretKey, type TestProduct } from '../make.ts'

let product: TestProduct
/** The next start, with a new SECRET_KEY, which still knows the one before. */
let rotating: TestProduct
beforeAll(async () => {
  product = await makeProduct()
  const next = 'the next secret key for tests, of more than 32 bytes'
  rotating = await makeProduct({ SECRET_KEY: next, SECRET_KEY_PREVIOUS: secretKey }, product)
})
afterAll(async () => {
  await rotating.close()
  await product.close()
})

async function makeKeys(scopes?: Scope[]) {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const keys = [await makeApiKey(organisation, scopes), await makeApiKey(organisation, scopes)]
  const [first, second] = keys
  if (!first || !second) throw new Error('a key is missing')
  return { organisation, waitlist, path: `/waitlists/${waitlist}/subscribers`, keys: [first, second] as const }
}

/** Creates with two keys in turn, all at once, so that both are in one call to the database. */
async function createAtOnce(path: string, secrets: readonly [string, string], headers = {}) {
  const asked = Array.from({ length: 16 }, (_, n) =>
    asApiKey(rotating, secrets[n % 2]).post(path, { email: `p${n}@example.com` }, headers),
  )
  return (await Promise.all(asked)).map(({ status }) => status)
}

const versions = async (organisationId: string) => {
  const rows = await product.database.owner.kysely
    .selectFrom('api_keys')
    .select('secret_version')
    .where('organisation_id', '=', organisationId)
    .execute()
  return rows.map(({ secret_version }) => secret_version)
}

const renewed = (organisationId: string) =>
  vi.waitFor(
    async () => {
      const current = rotating.services.secrets.version
      expect(await versions(organisationId)).toEqual([current, current])
    },
    { timeout: 20_000 },
  )

test('creates with two revoked keys that are stored under the previous SECRET_KEY are refused, each once, and the keys renewed', async () => {
  const { organisation, path, keys } = await makeKeys()
  for (const { id } of keys) await revokeApiKey(organisation.ctx, id)
  expect(new Set(await createAtOnce(path, [keys[0].secret, keys[1].secret]))).toEqual(new Set([401]))
  await renewed(organisation.id)
})

test('creates with two keys that may only read are refused too, and the keys renewed', async () => {
  const { organisation, path, keys } = await makeKeys(['subscribers:read'])
  expect(new Set(await createAtOnce(path, [keys[0].secret, keys[1].secret]))).toEqual(new Set([403]))
  await renewed(organisation.id)
})

test('creates with two keys of a plan without API access are refused too, and the keys renewed', async () => {
  const { organisation, path, keys } = await makeKeys()
  await setPlan(organisation.ctx, 'free')
  expect(new Set(await createAtOnce(path, [keys[0].secret, keys[1].secret]))).toEqual(new Set([403]))
  await renewed(organisation.id)
})

test('creates with two good keys pass, and so do those of a good key among refused ones', async () => {
  const good = await makeKeys()
  expect(new Set(await createAtOnce(good.path, [good.keys[0].secret, good.keys[1].secret]))).toEqual(new Set([201]))
  const mixed = await makeKeys()
  await revokeApiKey(mixed.organisation.ctx, mixed.keys[0].id)
  const statuses = await createAtOnce(mixed.path, [mixed.keys[0].secret, mixed.keys[1].secret])
  expect(statuses.filter((_, n) => n % 2 === 0)).toEqual(Array(8).fill(401))
  expect(statuses.filter((_, n) => n % 2 === 1)).toEqual(Array(8).fill(201))
})

/** As the customer API makes them, past its own check of the key. */
function makeItems(gate: KeyGate, waitlistId: string, secrets: string[], organisationId?: string): CreateThroughKey[] {
  return secrets.map((secret, n) => ({
    ...{ key: { ...gate.present(secret), organisationId }, waitlistId },
    email: { email: `direct${n}@example.com`, canonical: `direct${n}@example.com` },
    ...{ referralCode: n % 2 ? 'AAAAAA' : null, joinedAt: null, idempotency: null },
    meta: { requestId: 'req', ip: null, userAgent: null },
  }))
}

test('a batch whose keys are all stored under the previous SECRET_KEY finds its organisation, referred or not', async () => {
  const { organisation, waitlist, keys } = await makeKeys(['subscribers:read'])
  const gate = new KeyGate(rotating.services)
  const creates = new SubscriberCreates(rotating.services, gate)
  const [first, second] = keys
  const items = makeItems(gate, waitlist, [first.secret, second.secret, first.secret, second.secret], organisation.id)
  const results = await Promise.all(items.map((item) => creates.create(item)))
  expect(results.map(({ result }) => result)).toEqual(['scope', 'scope', 'scope', 'scope'])
})

test('a create that was taken for one of another organisation is asked again once, alone, and then refused as unavailable', async () => {
  const [mine, other] = [await makeKeys(), await makeKeys()]
  const gate = new KeyGate(rotating.services)
  const creates = new SubscriberCreates(rotating.services, gate)
  const run = vi.spyOn(rotating.services.db, 'run')
  // Both are said to be of one organisation, which they are not.
  const items = makeItems(gate, mine.waitlist, [mine.keys[0].secret, other.keys[0].secret], mine.organisation.id)
  const results = await Promise.all(items.map((item) => creates.create(item)))
  expect(results.map(({ result }) => result).toSorted()).toEqual(['added', 'waitlist'])
  const calls = run.mock.calls.filter(([{ name }]) => name.startsWith('api_create'))
  expect(calls).toHaveLength(2)
  run.mockRestore()

  const always = vi.spyOn(rotating.services.db, 'run').mockImplementation(async (statement, values) => {
    const attempt = { outcome: 'elsewhere', key_created_at: new Date().toISOString() }
    const members = (values.at(-3) as unknown[]).map((_, i) => ({ ordinal: i + 1, result: 'elsewhere' }))
    return (statement.name.startsWith('api_create') ? [{ ordinal: -1, attempt }, ...members] : []) as never
  })
  const [item] = makeItems(gate, mine.waitlist, [mine.keys[0].secret], mine.organisation.id)
  if (!item) throw new Error('nothing to create')
  await expect(creates.create(item)).rejects.toMatchObject({ code: 'unavailable' })
  expect(always).toHaveBeenCalledTimes(2)
  always.mockRestore()
})
