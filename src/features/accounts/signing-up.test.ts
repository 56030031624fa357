import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../../test/start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.stop())

const password = 'a long enough password'

test('signing up makes a person, an organisation on pro that they own, and one row of the log', async () => {
  const ada = app.visitor()
  const page = await ada.post('/sign-up', { email: ' Ada@Example.com ', password })
  expect([page.status, page.location]).toEqual([303, '/'])
  const home = await ada.get('/')
  expect(home.location).toBe('/o/adas-organisation/waitlists')
  expect((await ada.get(home.location)).text).toContain('Ada’s organisation')
  const rows = await app.database.owner.kysely
    .selectFrom('activities as a')
    .innerJoin('organisations as o', 'o.id', 'a.organisation_id')
    .select(['a.action', 'a.actor_type', 'a.actor_name', 'o.plan'])
    .where('o.slug', '=', 'adas-organisation')
    .execute()
  expect(rows).toEqual([
    { action: 'organisation.created', actor_type: 'user', actor_name: 'ada@example.com', plan: 'pro' },
  ])
})

test('two people with the same name before the @ get two slugs', async () => {
  const first = await app.visitor().signUp('grace@one.example')
  const second = await app.visitor().signUp('grace@two.example')
  expect(first).toBe('/o/graces-organisation')
  expect(second).toMatch(/^\/o\/graces-organisation-[a-z0-9]{5}$/)
})

test('an address too short or reserved for a slug still gets one', async () => {
  expect(await app.visitor().signUp('x@example.com')).toMatch(/^\/o\/xs-organisation$/)
  expect(await app.visitor().signUp('!#$@example.com')).toMatch(/^\/o\/[a-z0-9-]{3,40}$/)
})

test('a double click makes one account and brings both answers in', async () => {
  const visitor = app.visitor()
  const twice = visitor.clone()
  const fields = { email: 'double@example.com', password }
  const pages = await Promise.all([visitor.post('/sign-up', fields), twice.post('/sign-up', fields)])
  expect(pages.map((page) => page.status)).toEqual([303, 303])
  const { organisations } = await app.database.owner.kysely
    .selectFrom('organisations')
    .select((eb) => eb.fn.countAll<number>().as('organisations'))
    .where('name', '=', 'Double’s organisation')
    .executeTakeFirstOrThrow()
  expect(organisations).toBe(1)
})

test('an address that is taken is refused beside the field to whoever does not know its password', async () => {
  await app.visitor().signUp('taken@example.com')
  const page = await app.visitor().post('/sign-up', { email: 'TAKEN@example.com', password: 'another long password' })
  expect(page.status).toBe(422)
  expect(page.text).toContain('There is an account with this e-mail address already')
  expect(page.html).toContain('aria-invalid="true"')
})

test('mistakes are told beside their fields, and what was typed stays, but for the password', async () => {
  const page = await app.visitor().post('/sign-up', { email: 'nobody', password: 'short secret'.slice(0, 5) })
  expect(page.status).toBe(422)
  expect(page.text).toContain('Enter an e-mail address such as')
  expect(page.text).toContain('at least 10 characters')
  expect(page.html).toContain('value="nobody"')
  expect(page.html).not.toContain('value="short"')
})

test.each([
  ['a null byte', 'nul\0@example.com'],
  ['a line break and another header', 'eve@example.com\r\nBcc: all@example.com'],
  ['several addresses', 'eve@example.com, mallory@example.com'],
  ['an emoji for a domain', 'eve@💥'],
  ['three hundred characters', `${'e'.repeat(300)}@example.com`],
])('an address with %s is refused, not choked on', async (_, email) => {
  const page = await app.visitor().post('/sign-up', { email, password })
  expect([400, 422]).toContain(page.status)
})

test('the same field twice is no form of ours', async () => {
  const page = await app.visitor().post('/sign-up', { email: ['a@example.com', 'b@example.com'], password })
  expect(page.status).toBe(400)
})

test('a form of more than 256 KiB is refused with a page', async () => {
  const page = await app.visitor().post('/sign-up', { email: 'x'.repeat(300_000), password })
  expect(page.status).toBe(413)
  expect(page.html).toContain('<!doctype html>')
})

test('where sign-up is by invitation, strangers are told so and make nothing', async () => {
  const closed = await startApp({ SIGNUP: 'invite' })
  try {
    const stranger = closed.visitor()
    expect((await stranger.get('/sign-up')).text).toContain('by invitation')
    expect((await stranger.post('/sign-up', { email: 'eve@example.com', password })).status).toBe(403)
    expect(await closed.database.owner.kysely.selectFrom('users').select('id').execute()).toEqual([])
  } finally {
    await closed.stop()
  }
})

test('where Stripe sells the plans, an organisation begins on free', async () => {
  const sold = await startApp({
    STRIPE_SECRET_KEY: 'sk_test_1',
    STRIPE_WEBHOOK_SECRET: 'whsec_1',
    STRIPE_PRICE_PRO: 'price_1',
    STRIPE_PRICE_TEAM: 'price_2',
  })
  try {
    await sold.visitor().signUp('ada@example.com')
    const organisations = await sold.database.owner.kysely.selectFrom('organisations').select('plan').execute()
    expect(organisations).toEqual([{ plan: 'free' }])
  } finally {
    await sold.stop()
  }
})
