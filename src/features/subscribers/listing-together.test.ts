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
