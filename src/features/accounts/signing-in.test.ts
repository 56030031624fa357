import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../../test/start-app.ts'

let app: TestApp
let home: string
beforeAll(async () => {
  app = await startApp()
  home = await app.visitor().signUp('ada@example.com')
})
afterAll(() => app.stop())

test('signing in leads to the last organisation, signing out ends the session for good', async () => {
  const ada = app.visitor()
  expect((await ada.signIn('ADA@example.com ')).status).toBe(303)
  expect((await ada.get('/')).location).toBe(`${home}/waitlists`)
  const kept = ada.clone()
  expect((await ada.post('/sign-out')).location).toBe('/')
  expect((await ada.get(`${home}/waitlists`)).location).toMatch(/^\/sign-in/)
  expect((await kept.get(`${home}/waitlists`)).location).toMatch(/^\/sign-in/)
})

test('the cookie is out of the reach of scripts and of other sites', async () => {
  const page = await app.visitor().signIn('ada@example.com')
  const cookie = page.headers.getSetCookie().find((line) => line.includes('session_token')) ?? ''
  expect(cookie).toContain('HttpOnly')
  expect(cookie).toContain('SameSite=Lax')
  expect(cookie).not.toContain('Secure')
})

test('under https the cookie is Secure and bound to the host', async () => {
  const secure = await startApp({ PUBLIC_URL: 'https://queueup.example' })
  try {
    const ada = secure.visitor()
    await ada.signUp('ada@example.com')
    const page = await ada.signIn('ada@example.com')
    const cookie = page.headers.getSetCookie().find((line) => line.includes('session_token')) ?? ''
    expect(cookie).toMatch(/^__Host-/)
    expect(cookie).toContain('Secure')
    expect(cookie).toContain('Path=/')
    expect(cookie).not.toContain('Domain')
  } finally {
    await secure.stop()
  }
})

test('signing in starts a new session: a planted cookie stays worthless', async () => {
  const planted = app.visitor()
  planted.cookie = 'queueup.session_token=planted.signature'
  const before = planted.cookie
  await planted.signIn('ada@example.com')
  expect(planted.cookie).not.toBe(before)
  const other = app.visitor()
  other.cookie = before
  expect((await other.get(`${home}/waitlists`)).location).toMatch(/^\/sign-in/)
})

test('session tokens and passwords are not to be found in the database', async () => {
  const ada = app.visitor()
  await ada.signIn('ada@example.com')
  const token = decodeURIComponent(ada.cookie.split('session_token=')[1] ?? '').split('.')[0] ?? ''
  expect(token.length).toBeGreaterThan(20)
  const sessions = await app.database.owner.kysely.selectFrom('sessions').selectAll().execute()
  const credentials = await app.database.owner.kysely.selectFrom('credentials').selectAll().execute()
  expect(JSON.stringify(sessions)).not.toContain(token)
  expect(JSON.stringify(credentials)).not.toContain('a long enough password')
})

test('a wrong password and an unknown address are refused in the same words', async () => {
  const wrong = await app.visitor().signIn('ada@example.com', 'not her password')
  const unknown = await app.visitor().signIn('nobody@example.com', 'not her password')
  expect([wrong.status, unknown.status]).toEqual([422, 422])
  expect(wrong.html.replaceAll('ada@', 'nobody@')).toBe(unknown.html)
})

test('one goes on to the page one came for, and never to another site', async () => {
  const asked = await app.visitor().get(`${home}/members?filter=1`)
  expect(asked.location).toBe(`/sign-in?next=${encodeURIComponent(`${home}/members?filter=1`)}`)
  const ada = app.visitor()
  const fields = { email: 'ada@example.com', password: 'a long enough password' }
  expect((await ada.post('/sign-in', { ...fields, next: `${home}/members` })).location).toBe(`${home}/members`)
  for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example', 'javascript:alert(1)']) {
    expect((await app.visitor().post('/sign-in', { ...fields, next })).location).toBe('/')
  }
})

test('ten sign-ins a minute from one address are never limited, endless guessing is, and only from there', async () => {
  const guarded = await startApp({ TRUSTED_PROXIES: '127.0.0.1' })
  try {
    await guarded.visitor().signUp('victim@example.com')
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const fields = { email: 'victim@example.com', password: 'a long enough password' }
    for (let i = 0; i < 10; i++) expect((await guarded.visitor().post('/sign-in', fields, from('192.0.2.1'))).status).toBe(303)
    const guess = { ...fields, password: 'a wrong guess of it' }
    const statuses: number[] = []
    for (let i = 0; i < 60 && statuses.at(-1) !== 429; i++) {
      statuses.push((await guarded.visitor().post('/sign-in', guess, from(`2001:db8::${i + 1}`))).status)
    }
    // All addresses of one /64 are one subscriber's.
    expect(statuses.at(-1)).toBe(429)
    const limited = await guarded.visitor().post('/sign-in', guess, from('2001:db8::ffff'))
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await guarded.visitor().post('/sign-in', fields, from('192.0.2.2'))).status).toBe(303)
  } finally {
    await guarded.stop()
  }
})
