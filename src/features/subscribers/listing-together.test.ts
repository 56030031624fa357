import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ApiAnswer, asApiKey } from '../../../test/as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { revokeApiKey } from '../api-keys/revoke-api-key.ts'
import { setPlan } from '../plans/set-plan.ts'
import { fillWaitlist } from './fill-waitlist.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function makeList(people: number) {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  await fillWaitlist(organisation.ctx, waitlist, people)
  return { organisation, waitlist, key: await makeApiKey(organisation) }
}

test('lists asked for at once share calls to the database, and each is authorised and answered by itself', async () => {
  const [first, second, revoked, asleep] = await Promise.all([130, 7, 3, 3].map(makeList))
  if (!first || !second || !revoked || !asleep) throw new Error('a list is missing')
  const writeOnly = await makeApiKey(first.organisation, ['subscribers:write'])
  const page = (key: string, waitlist: string, query: string) =>
    asApiKey(product, key).get(`/waitlists/${waitlist}/subscribers${query}`)
  const asks: [name: string, ask: () => Promise<ApiAnswer>][] = [
    ['first page', () => page(first.key.secret, first.waitlist, '?limit=50')],
    ['last page', () => page(first.key.secret, first.waitlist, '?limit=50&page=3')],
    ['past the end', () => page(first.key.secret, first.waitlist, '?limit=50&page=4')],
    ['search', () => page(first.key.secret, first.waitlist, '?q=ADA.')],
    ['another organisation', () => page(second.key.secret, second.waitlist, '')],
    ["another organisation's list", () => page(second.key.secret, first.waitlist, '')],
    ['revoked', () => page(revoked.key.secret, revoked.waitlist, '')],
    ['asleep', () => page(asleep.key.secret, asleep.waitlist, '')],
    ['no scope', () => page(writeOnly.secret, first.waitlist, '')],
  ]
  const brief = ({ status, json }: ApiAnswer) => ({ status, json: { ...json, request_id: undefined } })
  await revokeApiKey(revoked.organisation.ctx, revoked.key.id)
  await setPlan(asleep.organisation.ctx, 'free')
  const alone: Record<string, unknown> = {}
  for (const [name, ask] of asks) alone[name] = brief(await ask())
  expect(Object.values(alone).map((answer) => (answer as { status: number }).status)).toEqual([
    200, 200, 200, 200, 200, 404, 401, 403, 403,
  ])
  const many = Array.from({ length: 20 }, () => asks).flat()
  const together = await Promise.all(many.map(async ([name, ask]) => [name, brief(await ask())] as const))
  for (const [name, answer] of together) expect(answer, name).toEqual(alone[name])
})

test('creates asked for at once share calls to the database, whatever their keys, and each is authorised, told and logged by itself', async () => {
  const { organisation, waitlist, key } = await makeList(3)
  const others = await Promise.all([1, 2].map(() => makeApiKey(organisation)))
  const readOnly = await makeApiKey(organisation, ['subscribers:read'])
  const revoked = await makeApiKey(organisation)
  await revokeApiKey(organisation.ctx, revoked.id)
  const path = `/waitlists/${waitlist}/subscribers`
  const post = (secret: string, body: object, at = path) => asApiKey(product, secret).post(at, body)
  // The gate learns whose each key is.
  for (const one of [key, ...others]) await asApiKey(product, one.secret).get(path)
  const keys = [key, ...others]
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, i) => [
      post(keys[i % 3]?.secret ?? '', { email: `new${i}@example.com` }),
      post(keys[(i + 1) % 3]?.secret ?? '', { email: `NEW${i}@example.com` }),
      post(readOnly.secret, { email: `never${i}@example.com` }),
      post(revoked.secret, { email: `never${i}@example.com` }),
      post(key.secret, { email: `never${i}@example.com` }, '/waitlists/wl_none/subscribers'),
    ]).flat(),
  )
  expect(answers.filter((_, i) => i % 5 > 1).map(({ status }) => status)).toEqual(
    Array.from({ length: 30 }, () => [403, 401, 404]).flat(),
  )
  for (let i = 0; i < 30; i++) {
    const [one, other] = [answers[5 * i], answers[5 * i + 1]]
    expect([one?.status, other?.status].toSorted()).toEqual([200, 201])
    expect(one?.json).toEqual(other?.json)
  }
  const { items, total } = (await asApiKey(product, key.secret).get(`${path}?limit=200`)).json
  expect([total, items.map(({ position }: { position: number }) => position)]).toEqual([
    33,
    Array.from({ length: 33 }, (_, i) => i + 1),
  ])
  const rows = await product.database.owner.kysely
    .selectFrom('activities')
    .select(['actor_name', 'targets'])
    .where('organisation_id', '=', organisation.id)
    .where('action', '=', 'subscriber.joined')
    .where('actor_type', '=', 'api_key')
    .execute()
  expect(rows).toHaveLength(30)
  expect(new Set(rows.map(({ actor_name }) => actor_name)).size).toBeGreaterThan(1)
})
