import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from './as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from './make.ts'
import { dump } from './people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

test('a key is in the answer that made it and nowhere else: no page, table, log line or error', async () => {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const user = await asUser(product, organisation.owner)
  const base = `/o/${organisation.slug}`
  const dialog = await user.get(`${base}/api-keys/new`)
  const nonce = /name="form_nonce" value="([^"]+)"/.exec(dialog.html)?.[1] ?? ''
  const form = { name: 'crm-sync', scopes: ['subscribers:read', 'subscribers:write'], form_nonce: nonce }
  const revealed = await user.post(`${base}/api-keys`, form)
  expect(revealed.status).toBe(201)
  expect(revealed.headers.get('cache-control')).toBe('no-store')
  const secret = /qu_live_[0-9A-Za-z]{38}/.exec(revealed.html)?.[0] ?? ''
  expect(secret).toHaveLength(46)

  const api = asApiKey(product, secret)
  const answers = [
    await api.post(`/waitlists/${waitlist}/subscribers`, { email: 'a@example.com' }, { 'Idempotency-Key': 'once' }),
    await api.get(`/waitlists/${waitlist}/subscribers`),
    await api.get('/key'),
    await api.get('/nothing'),
    await api.get(`/key?api_key=${secret}`),
    await api.post(`/waitlists/${waitlist}/subscribers`, '{'),
  ]
  const again = await user.post(`${base}/api-keys`, form)
  expect(again.status).toBe(409)
  expect(again.html).toContain('is not shown again')
  const pages = [again]
  for (const path of [
    '/api-keys',
    '/api-keys/new',
    '/activity',
    '/activity/3',
    '/activity/4',
    `/waitlists/${waitlist}`,
    '/plan',
    '/members',
  ])
    pages.push(await user.get(`${base}${path}`))
  const random = secret.slice('qu_live_'.length + 4)
  for (const page of pages) expect(page.html).not.toContain(random)
  for (const answer of answers) expect(answer.text + JSON.stringify([...answer.headers])).not.toContain(random)
  expect(await dump(product)).not.toContain(random)
  expect(product.logged()).not.toContain(random)
})

test('a session token is a hash at rest and in no log', async () => {
  const organisation = await makeOrganisation(product)
  const user = await asUser(product, organisation.owner)
  await user.get(`/o/${organisation.slug}/waitlists`)
  const token = decodeURIComponent(user.cookie().split('=')[1] ?? '').split('.')[0] ?? ''
  expect(token.length).toBeGreaterThanOrEqual(22)
  expect(await dump(product)).not.toContain(token)
  expect(product.logged()).not.toContain(token)
})

test('the stored hash of a key is of no use without SECRET_KEY: it is no plain digest of the key', async () => {
  const { rows } = await sql<{ plain: number }>`
    select count(*) as plain from api_keys where secret_hash = sha256(convert_to(prefix, 'UTF8')) or length(secret_hash) <> 32`.execute(
    product.database.owner.kysely,
  )
  expect(rows).toEqual([{ plain: 0 }])
})

test('the search through every run sees: a key typed as the name of a waitlist fails the page that shows it, and the end of the run', async () => {
  const careless = await makeProduct()
  const organisation = await makeOrganisation(careless)
  const user = await asUser(careless, organisation.owner)
  const { secret } = await makeApiKey(organisation)
  await makeWaitlist(organisation, secret)
  const page = `/o/${organisation.slug}/waitlists`
  expect((await user.get(page)).status).toBe(200)
  await asApiKey(careless, secret).get('/key')
  await expect(user.get(page)).rejects.toThrow(`handed out stands in the answer to GET ${page}`)
  await expect(careless.close()).rejects.toThrow('handed out stands in a table')
})
