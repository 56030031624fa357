import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { log, password, signUp, textOf } from '../../../test/people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const visitor = () => asUser(product, undefined)

test('signing up makes a person, an organisation on pro that they own, and one row of the log', async () => {
  const ada = await visitor()
  const page = await ada.post('/sign-up', { email: ' Ada@Example.com ', password })
  expect([page.status, page.location]).toEqual([303, '/'])
  expect((await ada.get('/')).location).toBe('/o/adas-organisation/waitlists')
  expect(textOf((await ada.get('/o/adas-organisation/waitlists')).html)).toContain('Ada’s organisation')
  expect(await log(product, '/o/adas-organisation')).toMatchObject([
    { action: 'organisation.created', actor_name: 'ada@example.com', changes: { after: { plan: 'pro' } } },
  ])
})

test('two people with the same name before the @ get two slugs', async () => {
  expect((await signUp(product, 'grace@one.example')).home).toBe('/o/graces-organisation')
  expect((await signUp(product, 'grace@two.example')).home).toMatch(/^\/o\/graces-organisation-[a-z0-9]{5}$/)
})

test('a double click makes one account and brings both answers in', async () => {
  const [one, two] = [await visitor(), await visitor()]
  const fields = { email: 'double@example.com', password }
  const pages = await Promise.all([one.post('/sign-up', fields), two.post('/sign-up', fields)])
  expect(pages.map((page) => page.status)).toEqual([303, 303])
  expect((await one.get('/')).location).toBe((await two.get('/')).location)
})

test('an address that is taken is refused beside the field to whoever does not know its password', async () => {
  await signUp(product, 'taken@example.com')
  const page = await (await visitor()).post('/sign-up', {
    email: 'TAKEN@example.com',
    password: 'another long password',
  })
  expect(page.status).toBe(422)
  expect(textOf(page.html)).toContain('There is an account with this e-mail address already')
  expect(page.html).toContain('aria-invalid="true"')
})

test('mistakes are told beside their fields, and what was typed stays, but for the password', async () => {
  const page = await (await visitor()).post('/sign-up', { email: 'nobody', password: 'tooshort' })
  expect(page.status).toBe(422)
  expect(textOf(page.html)).toContain('Enter an e-mail address such as')
  expect(textOf(page.html)).toContain('at least 10 characters')
  expect(page.html).toContain('value="nobody"')
  expect(page.html).not.toContain('tooshort')
})

test.each([
  ['a null byte', 'nul\0@example.com'],
  ['a line break and another header', 'eve@example.com\r\nBcc: all@example.com'],
  ['several addresses', 'eve@example.com, mallory@example.com'],
  ['an emoji for a domain', 'eve@💥'],
  ['three hundred characters', `${'e'.repeat(300)}@example.com`],
])('an address with %s is refused, not choked on', async (_, email) => {
  const page = await (await visitor()).post('/sign-up', { email, password })
  expect([400, 422]).toContain(page.status)
})

test('a password with a null byte is refused, not choked on', async () => {
  const page = await (await visitor()).post('/sign-up', { email: 'null@example.com', password: 'a long\0password' })
  expect([400, 422]).toContain(page.status)
})

test('the same field twice is no form of ours', async () => {
  const page = await (await visitor()).post('/sign-up', { email: ['a@example.com', 'b@example.com'], password })
  expect(page.status).toBe(400)
})

test('a form of more than 256 KiB is refused with a page', async () => {
  const page = await (await visitor()).post('/sign-up', { email: 'x'.repeat(300_000), password })
  expect(page.status).toBe(413)
  expect(page.html).toContain('<!doctype html>')
})

test('a form from another site does nothing', async () => {
  const eve = await visitor()
  const fields = { email: 'forced@example.com', password }
  for (const headers of [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
  ]) {
    expect((await eve.post('/sign-up', fields, headers)).status).toBe(403)
  }
  const bare = await fetch(`${product.url}/sign-up`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    redirect: 'manual',
  })
  expect(bare.status).toBe(403)
  expect((await eve.post('/sign-in', fields)).status).toBe(422)
})

test('where sign-up is by invitation, strangers are told so and make nothing', async () => {
  const closed = await makeProduct({ SIGNUP: 'invite' })
  try {
    const stranger = await asUser(closed, undefined)
    expect(textOf((await stranger.get('/sign-up')).html)).toContain('by invitation')
    for (const path of ['/', '/sign-in']) expect((await stranger.get(path)).html).not.toContain('href="/sign-up')
    expect((await stranger.get('/sign-in?next=/invitations/abc')).html).toContain('href="/sign-up?next=')
    expect((await stranger.post('/sign-up', { email: 'eve@example.com', password })).status).toBe(403)
    expect(await closed.database.owner.kysely.selectFrom('users').select('id').execute()).toEqual([])
  } finally {
    await closed.close()
  }
})
