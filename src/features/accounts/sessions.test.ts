import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { password, signIn, signUp, textOf } from '../../../test/people.ts'
import { deviceInWords } from './device-in-words.ts'

const firefox = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
const iphone = {
  'User-Agent':
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
}

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
})
afterAll(() => product.close())

/** The rows of the table, as a person reads them, and the forms that end each. */
async function sessionsOf(user: Awaited<ReturnType<typeof asUser>>, headers: Record<string, string> = {}) {
  const { html } = await user.get('/account', headers)
  const table = html.slice(html.indexOf('id="sessions"'))
  return [...table.matchAll(/<tr><td class="name".*?<\/tr>/gs)].map(([row]) => ({
    text: textOf(row),
    end: /action="([^"]+)"/.exec(row)?.[1] ?? '',
  }))
}

async function signInWith(email: string, headers: Record<string, string>) {
  const user = await asUser(product, undefined)
  await user.post('/sign-in', { email, password }, headers)
  return user
}

test('the account lists where one is signed in: the device in words, when and from where, this one marked', async () => {
  await signUp(product, 'list@example.com')
  const here = await signInWith('list@example.com', { ...firefox, 'X-Forwarded-For': '192.0.2.7' })
  await signInWith('list@example.com', { ...iphone, 'X-Forwarded-For': '2001:db8::9' })
  const rows = await sessionsOf(here, { ...firefox, 'X-Forwarded-For': '192.0.2.7' })
  expect(rows).toHaveLength(3)
  expect(rows[0]?.text).toMatch(/^Firefox on Linux This one just now 192\.0\.2\.7 just now/)
  expect(rows.map((row) => row.text).join('\n')).toMatch(/^Safari on an iPhone just now 2001:db8::9/m)
  expect(rows.filter((row) => row.text.includes('This one'))).toHaveLength(1)
})

test('when and from where a session was used last follows its use', async () => {
  const user = await signUp(product, 'seen@example.com')
  await sql`update sessions set last_seen_at = last_seen_at - interval '3 days' where user_id =
    (select id from users where email = 'seen@example.com')`.execute(product.database.owner.kysely)
  const other = await signIn(product, 'seen@example.com')
  expect((await sessionsOf(other))[1]?.text).toContain('3 days ago')
  await user.get('/account', { ...firefox, 'X-Forwarded-For': '198.51.100.4' })
  expect((await sessionsOf(other))[1]?.text).toMatch(/^Firefox on Linux just now 198\.51\.100\.4/)
})

test('one session is ended at once, the others stay', async () => {
  const user = await signUp(product, 'one@example.com')
  const lost = await signInWith('one@example.com', iphone)
  const third = await signIn(product, 'one@example.com')
  const row = (await sessionsOf(user)).find(({ text }) => text.startsWith('Safari'))
  for (let i = 0; i < 2; i++) expect((await user.post(row?.end ?? '')).location).toBe('/account?saved=session')
  expect((await lost.get('/account')).location).toMatch(/^\/sign-in/)
  expect((await third.get('/account')).status).toBe(200)
  expect((await user.get('/account')).status).toBe(200)
})

test('ending the session one is in is signing out', async () => {
  const user = await signUp(product, 'own@example.com')
  expect((await user.post((await sessionsOf(user))[0]?.end ?? '')).location).toBe('/')
  expect((await user.get('/account')).location).toMatch(/^\/sign-in/)
})

test('signing out everywhere else keeps this session', async () => {
  const here = await signUp(product, 'elsewhere@example.com')
  expect((await here.get('/account')).html).not.toContain('Sign out everywhere else')
  const there = await signIn(product, 'elsewhere@example.com')
  expect((await here.get('/account')).html).toContain('Sign out everywhere else')
  await here.post('/account/sign-out-elsewhere')
  expect((await there.get('/account')).location).toMatch(/^\/sign-in/)
  expect((await here.get('/account')).status).toBe(200)
})

test("nobody ends another's session, and it looks as if there were none", async () => {
  const ada = await signUp(product, 'ada@example.com')
  const eve = await signUp(product, 'eve@example.com')
  const [row] = await sessionsOf(ada)
  const [theirs, none] = [await eve.post(row?.end ?? ''), await eve.post('/account/sessions/ses_nothing/end')]
  expect([theirs.status, theirs.location]).toEqual([none.status, none.location])
  expect((await ada.get('/account')).status).toBe(200)
  expect((await (await asUser(product, undefined)).post(row?.end ?? '')).location).toMatch(/^\/sign-in/)
})

test('a session that ran out is not listed', async () => {
  const user = await signUp(product, 'old@example.com')
  await signIn(product, 'old@example.com')
  await sql`update sessions set expires_at = clock_timestamp() - interval '1 second' where id =
    (select max(id) from sessions where user_id = (select id from users where email = 'old@example.com') and last_seen_at =
      (select max(last_seen_at) from sessions))`.execute(product.database.owner.kysely)
  expect(await sessionsOf(user)).toHaveLength(1)
})

test.each([
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'Edge on Windows',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    'Chrome on a Mac',
  ],
  [
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36',
    'Samsung Internet on Android',
  ],
  [
    'Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1',
    'Chrome on an iPad',
  ],
  ['curl/8.9.1', 'curl'],
  ['<script>alert(1)</script>', 'An unknown browser'],
  [null, 'An unknown browser'],
])('%s reads as %s', (userAgent, words) => {
  expect(deviceInWords(userAgent)).toBe(words)
})

test('signing out that could not end the session says so and signs nobody out, and does when it is tried again', async () => {
  const user = await signUp(product, 'leaving@example.com')
  const kept = user.cookie()
  await sql`create function keep_session() returns trigger language plpgsql as
    $$ begin raise exception using errcode = '53100', message = 'no room'; end $$`.execute(
    product.database.owner.kysely,
  )
  await sql`create trigger keep_session before delete on sessions execute function keep_session()`.execute(
    product.database.owner.kysely,
  )
  const refused = await user.post('/sign-out')
  await sql`drop function keep_session cascade`.execute(product.database.owner.kysely)
  expect([refused.status, refused.headers.get('retry-after'), user.cookie()]).toEqual([503, '2', kept])
  expect((await user.post('/sign-out')).status).toBe(303)
  expect((await fetch(`${product.url}/account`, { headers: { Cookie: kept }, redirect: 'manual' })).status).toBe(303)
})
