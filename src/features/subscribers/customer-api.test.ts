import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { archiveWaitlist, restoreWaitlist } from '../waitlists/archive-waitlist.ts'
import { updateWaitlist } from '../waitlists/update-waitlist.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const key = await makeApiKey(organisation)
  return { organisation, waitlist, key, api: asApiKey(product, key.secret), path: `/waitlists/${waitlist}/subscribers` }
}

test('a new person is created with 201 and stands in the list', async () => {
  const { api, path } = await setUp()
  const created = await api.post(path, { email: 'Ada@Example.com' })
  expect(created.status).toBe(201)
  expect(created.json).toEqual({
    id: expect.stringMatching(/^\d+$/),
    email: 'Ada@Example.com',
    joined_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    position: 1,
    referral_code: expect.stringMatching(/^[2-9A-HJKMNP-Z]{6}$/),
    referral_count: 0,
  })
  const listed = await api.get(path)
  expect(listed.json).toEqual({ items: [created.json], total: 1, page: 1, limit: 25 })
})

test('the same address in another spelling is the same person, answered 200 and unchanged, with one activity in all', async () => {
  const { api, path, organisation } = await setUp()
  const first = await api.post(path, { email: 'Ada@Bücher.example' })
  const again = await api.post(path, { email: ' ada@XN--BCHER-KVA.example ', joined_at: '2020-01-01T00:00:00Z' })
  expect(again.status).toBe(200)
  expect(again.json).toEqual(first.json)
  const rows = await product.database.owner.kysely
    .selectFrom('activities')
    .select(['action', 'actor_type', 'targets'])
    .where('organisation_id', '=', organisation.id)
    .where('action', '=', 'subscriber.joined')
    .execute()
  expect(rows).toHaveLength(1)
  expect(rows[0]?.actor_type).toBe('api_key')
  expect(JSON.stringify(rows)).not.toMatch(/ada/i)
})

test('joined_at is shown in UTC to the second, and the place in line goes by arrival', async () => {
  const { api, path } = await setUp()
  await api.post(path, { email: 'first@example.com' })
  const second = await api.post(path, { email: 'second@example.com', joined_at: '2019-05-01T11:00:00.9+02:00' })
  expect(second.json).toMatchObject({ joined_at: '2019-05-01T09:00:00Z', position: 2 })
  const soon = await api.post(path, {
    email: 'soon@example.com',
    joined_at: new Date(Date.now() + 200_000).toISOString(),
  })
  expect(soon.status).toBe(201)
  expect(new Date(soon.json.joined_at).getTime()).toBeLessThanOrEqual(Date.now())
  const later = await api.post(path, {
    email: 'later@example.com',
    joined_at: new Date(Date.now() + 400_000).toISOString(),
  })
  expect(later.json.errors).toEqual([expect.objectContaining({ pointer: '#/joined_at', code: 'too_big' })])
})

test('a referral moves the referrer ahead by the skip amount, never for oneself, never twice', async () => {
  const { api, path } = await setUp()
  const people = []
  for (let i = 1; i <= 8; i++) people.push((await api.post(path, { email: `p${i}@example.com` })).json)
  const referrer = people[7]
  await api.post(path, { email: 'friend@example.com', referral_code: referrer.referral_code.toLowerCase() })
  await api.post(path, { email: 'friend@example.com', referral_code: referrer.referral_code })
  await api.post(path, { email: 'p8@example.com', referral_code: referrer.referral_code })
  await api.post(path, { email: 'stranger@example.com', referral_code: 'ZZZZZZ' })
  const { items } = (await api.get(path)).json
  const position = (email: string) => items.find((item: { email: string }) => item.email === email)
  expect(position('p8@example.com')).toMatchObject({ position: 4, referral_count: 1 })
  expect(position('p3@example.com')).toMatchObject({ position: 3 })
  expect(position('p4@example.com')).toMatchObject({ position: 5 })
  expect(items.map((item: { position: number }) => item.position).sort((a: number, b: number) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ])
})

test('while referrals are off codes are empty and earn nothing; back on they are the same', async () => {
  const { api, path, organisation, waitlist } = await setUp()
  const before = (await api.post(path, { email: 'a@example.com' })).json
  const form = { name: 'W', description: '', skip_amount: '5' }
  await updateWaitlist(organisation.ctx, waitlist, { ...form, referrals_enabled: '' })
  const off = await api.post(path, { email: 'b@example.com', referral_code: before.referral_code })
  expect(off.json.referral_code).toBe('')
  await updateWaitlist(organisation.ctx, waitlist, { ...form, referrals_enabled: 'on' })
  const { items } = (await api.get(path)).json
  expect(items[0]).toMatchObject({ referral_code: before.referral_code, referral_count: 0 })
})

test('pages have links to first, prev, next and last, and a page past the end has none of its own', async () => {
  const { api, path } = await setUp()
  for (let i = 0; i < 5; i++) await api.post(path, { email: `p${i}@example.com` })
  const relations = (link: string | null) =>
    [...(link ?? '').matchAll(/page=(\d+)&limit=2>; rel="(\w+)"/g)].map((match) => `${match[2]} ${match[1]}`)
  const first = await api.get(`${path}?limit=2`)
  expect(relations(first.headers.get('link'))).toEqual(['first 1', 'next 2', 'last 3'])
  const second = await api.get(`${path}?limit=2&page=2&unknown=ignored`)
  expect(second.json.items.map((item: { email: string }) => item.email)).toEqual(['p2@example.com', 'p3@example.com'])
  expect(relations(second.headers.get('link'))).toEqual(['first 1', 'prev 1', 'next 3', 'last 3'])
  const past = await api.get(`${path}?limit=2&page=9`)
  expect(past.json).toEqual({ items: [], total: 5, page: 9, limit: 2 })
})

test('q finds a part of the address in any case, and %, _ and \\ are ordinary characters', async () => {
  const { api, path } = await setUp()
  for (const email of [
    'Ada.Lovelace@example.com',
    'bob@example.com',
    'per%cent@example.com',
    'under_score@example.com',
  ])
    await api.post(path, { email })
  const found = async (q: string) => (await api.get(`${path}?q=${encodeURIComponent(q)}`)).json
  expect((await found('LOVELACE')).items.map((item: { email: string }) => item.email)).toEqual([
    'Ada.Lovelace@example.com',
  ])
  expect((await found('%')).total).toBe(1)
  expect((await found('_')).total).toBe(1)
  expect((await found('\\')).total).toBe(0)
  expect(await found('nobody')).toMatchObject({ items: [], total: 0 })
  expect((await found('example')).total).toBe(4)
})

test('HEAD answers as GET does, without a body', async () => {
  const { api, path } = await setUp()
  const head = await api.call('HEAD', path)
  expect([head.status, head.text]).toEqual([200, ''])
  expect(head.headers.get('ratelimit')).toMatch(/^"default";r=\d+$/)
})

test('an archived waitlist answers 404, and is there again after it is restored', async () => {
  const { api, path, organisation, waitlist } = await setUp()
  await api.post(path, { email: 'a@example.com' })
  await archiveWaitlist(organisation.ctx, waitlist)
  expect((await api.get(path)).status).toBe(404)
  expect((await api.post(path, { email: 'b@example.com' })).status).toBe(404)
  await restoreWaitlist(organisation.ctx, waitlist)
  expect((await api.get(path)).json.total).toBe(1)
})

test('GET /key tells which key this is', async () => {
  const { api, key, organisation } = await setUp()
  expect((await api.get('/key')).json).toEqual({
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: ['subscribers:read', 'subscribers:write'],
    organisation: { id: organisation.id, name: organisation.ctx.organisation.name },
    plan: 'pro',
    created_at: expect.stringMatching(/Z$/),
  })
})
