import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct, secretKey, type TestProduct } from '../../../test/make.ts'
import { dump, password, signIn, signUp } from '../../../test/people.ts'

let product: TestProduct
let home: string
const ada = { email: 'ada@example.com', password }
beforeAll(async () => {
  product = await makeProduct()
  home = (await signUp(product, ada.email)).home
})
afterAll(() => product.close())

const visitor = () => asUser(product, undefined)

test('signing in leads to the last organisation, signing out ends the session for good', async () => {
  const user = await visitor()
  expect((await user.post('/sign-in', { email: ' ADA@example.com', password })).status).toBe(303)
  expect((await user.get('/')).location).toBe(`${home}/waitlists`)
  const stolen = { Cookie: user.cookie() }
  expect((await user.post('/sign-out')).location).toBe('/')
  expect((await user.get(`${home}/waitlists`)).location).toMatch(/^\/sign-in/)
  expect((await (await visitor()).get(`${home}/waitlists`, stolen)).location).toMatch(/^\/sign-in/)
})

test('the cookie is out of the reach of scripts and of other sites', async () => {
  const page = await (await visitor()).post('/sign-in', ada)
  const cookie = page.headers.getSetCookie().find((line) => line.includes('session_token')) ?? ''
  expect(cookie).toContain('HttpOnly')
  expect(cookie).toContain('SameSite=Lax')
  expect(cookie).not.toContain('Secure')
})

test('under https the cookie is Secure and bound to the host, and browsers are told to stay with https', async () => {
  const secure = await makeProduct({ PUBLIC_URL: 'https://queueup.example' })
  try {
    const user = await asUser(secure, undefined)
    const page = await user.post('/sign-up', ada, { 'Sec-Fetch-Site': 'same-origin' })
    const cookie = page.headers.getSetCookie().find((line) => line.includes('session_token')) ?? ''
    expect(cookie).toMatch(/^__Host-/)
    expect(cookie).toContain('Secure')
    expect(cookie).toContain('Path=/')
    expect(cookie).not.toContain('Domain')
    expect((await user.get('/account')).status).toBe(200)
    expect((await user.get('/account')).headers.get('strict-transport-security')).toContain('max-age=')
  } finally {
    await secure.close()
  }
})

test('signing in starts a new session: a planted cookie stays worthless', async () => {
  const planted = { Cookie: 'queueup.session_token=planted.signature' }
  const user = await visitor()
  await user.post('/sign-in', ada, planted)
  expect(user.cookie()).not.toContain('planted')
  expect((await (await visitor()).get(`${home}/waitlists`, planted)).location).toMatch(/^\/sign-in/)
})

test('session tokens and passwords are not to be found in the database', async () => {
  const user = await signIn(product, ada.email)
  const token = decodeURIComponent(user.cookie().split('=')[1] ?? '').split('.')[0] ?? ''
  expect(token.length).toBeGreaterThan(20)
  const backup = await dump(product)
  expect(backup).not.toContain(token)
  expect(backup).not.toContain(password)
})

test('a session in use is prolonged, one that ran out is over, and both are told from what is stored', async () => {
  const user = await signIn(product, ada.email)
  const shift = (days: number) =>
    sql`update sessions set expires_at = expires_at + ${days} * interval '1 day' where created_at =
      (select max(created_at) from sessions)`.execute(product.database.owner.kysely)
  await shift(-2)
  const prolonged = await user.get('/account')
  expect(prolonged.status).toBe(200)
  expect(prolonged.headers.getSetCookie().join()).toContain('session_token')
  expect((await user.get('/account')).status).toBe(200)
  await shift(-31)
  expect((await user.get('/account')).location).toMatch(/^\/sign-in/)
})

test('a rotated SECRET_KEY signs nobody out, and a cookie that the old key did not sign stays worthless', async () => {
  const rotated = await makeProduct(
    { SECRET_KEY: 'another secret key for tests, of 32 bytes', SECRET_KEY_PREVIOUS: secretKey },
    product,
  )
  try {
    const user = await signIn(product, ada.email)
    const before = { Cookie: user.cookie() }
    const after = await asUser(rotated, undefined)
    const page = await after.get('/account', before)
    expect(page.status).toBe(200)
    expect(after.cookie()).not.toBe(before.Cookie)
    expect((await after.get('/account')).status).toBe(200)
    expect((await after.get('/account', { Cookie: `${before.Cookie.slice(0, -6)}xx%3D` })).location).toMatch(
      /^\/sign-in/,
    )

    const other = await signIn(product, ada.email)
    await after.post('/sign-out', {}, { Cookie: other.cookie() })
    expect((await after.get('/account', { Cookie: other.cookie() })).location).toMatch(/^\/sign-in/)
  } finally {
    await rotated.close()
  }
})

test('a wrong password and an unknown address are refused in the same words', async () => {
  const wrong = await (await visitor()).post('/sign-in', { ...ada, password: 'not her password' })
  const unknown = await (await visitor()).post('/sign-in', { email: 'abc@example.com', password: 'not her password' })
  expect([wrong.status, unknown.status]).toEqual([422, 422])
  expect(wrong.html.replaceAll('ada@', 'abc@')).toBe(unknown.html)
})

test('one goes on to the page one came for, and never to another site', async () => {
  const asked = await (await visitor()).get(`${home}/activity?action=plan.changed`)
  expect(asked.location).toBe(`/sign-in?next=${encodeURIComponent(`${home}/activity?action=plan.changed`)}`)
  const sent = async (next: string) => (await (await visitor()).post('/sign-in', { ...ada, next })).location
  expect(await sent(`${home}/members`)).toBe(`${home}/members`)
  for (const next of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
  ]) {
    expect(await sent(next)).toBe('/')
  }
})

test('ten sign-ins a minute are never limited, endless guessing is, and only from where it comes', async () => {
  const guarded = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
  try {
    await signUp(guarded, ada.email)
    const user = await asUser(guarded, undefined)
    const from = (address: string) => ({ 'X-Forwarded-For': address })
    for (let i = 0; i < 10; i++) expect((await user.post('/sign-in', ada, from('192.0.2.1'))).status).toBe(303)
    const guess = { ...ada, password: 'a wrong guess of it' }
    let limited = await user.post('/sign-in', guess, from('2001:db8::1'))
    // Whoever has one address of a /64 has them all.
    for (let i = 2; i < 60 && limited.status !== 429; i++)
      limited = await user.post('/sign-in', guess, from(`2001:db8::${i}`))
    expect(limited.status).toBe(429)
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await user.post('/sign-in', ada, from('192.0.2.2'))).status).toBe(303)
  } finally {
    await guarded.close()
  }
})
