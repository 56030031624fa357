import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { dump, mailsTo, password, signIn, signUp, textOf } from '../../../test/people.ts'
import { recoveryCodesIn, secretIn, stopClock, turnOn } from '../../../test/two-factor.ts'
import { twoFactorOff } from './accounts.cli.ts'

let product: TestProduct
let clock: ReturnType<typeof stopClock>
let count = 0
beforeAll(async () => {
  product = await makeProduct()
  clock = stopClock(product)
})
afterAll(() => product.close())

async function setUp() {
  const user = await signUp(product, `ada-${++count}@example.com`)
  return { user, email: user.email, ...(await turnOn(user, clock)) }
}

test('it is on once a code of the app proves that the secret arrived; the account says so, and a mail', async () => {
  const user = await signUp(product, 'on@example.com')
  expect(textOf((await user.get('/account')).html)).toContain('Off With a code from an app')
  expect((await user.get('/account/two-factor/new')).html).not.toMatch(/totp-secret|<svg class="qr"/)
  const page = await user.post('/account/two-factor/new')
  expect([page.status, page.headers.get('cache-control')]).toEqual([201, 'no-store'])
  expect(page.html).toMatch(/<svg class="qr" viewBox="0 0 \d+ \d+" role="img"/)
  expect(page.html).not.toContain('style=')
  const secret = secretIn(page.html)
  expect(page.html).toContain(`otpauth://totp/QueueUp:on%40example.com?secret=${secret}&amp;issuer=QueueUp`)

  const wrong = await user.post('/account/two-factor', { code: '000000' })
  expect([wrong.status, secretIn(wrong.html)]).toEqual([422, secret])
  expect(textOf(wrong.html)).toContain('This code is not right')
  expect((await signIn(product, 'on@example.com')).cookie()).not.toBe('')

  const done = await user.post('/account/two-factor', { code: ` ${clock.nextCode(secret).replace(/^.../, '$& ')}` })
  expect([done.status, done.headers.get('cache-control')]).toEqual([201, 'no-store'])
  expect(new Set(recoveryCodesIn(done.html)).size).toBe(10)
  const account = textOf((await user.get('/account')).html)
  expect(account).toContain('On Turned on just now')
  expect(account).toContain('10 recovery codes are left')
  expect((await mailsTo(product, 'on@example.com')).map((mail) => mail.subject)).toEqual(['Two-factor sign-in is on'])
})

test('the secret is shown again to a form that is sent again, and never once it is on', async () => {
  const user = await signUp(product, 'again@example.com')
  const secret = secretIn((await user.post('/account/two-factor/new')).html)
  expect(secretIn((await user.post('/account/two-factor/new')).html)).toBe(secret)
  clock.wait(3601)
  await user.post('/account/two-factor/new', { confirm_password: password })
  const later = secretIn((await user.post('/account/two-factor/new')).html)
  expect(later).not.toBe(secret)
  const code = clock.nextCode(later)
  const pages = await Promise.all([
    user.post('/account/two-factor', { code }),
    user.post('/account/two-factor', { code }),
  ])
  expect(pages.map((page) => page.status).sort()).toEqual([201, 303])
  expect((await user.post('/account/two-factor/new')).location).toBe('/account?saved=two-factor-on')
  for (const path of ['/account', '/account/two-factor/new', '/account/two-factor/off', '/account/two-factor'])
    expect((await user.get(path)).html).not.toContain(later)
})

test('signing in asks for the code on a second page; the half-session before it opens nothing', async () => {
  const { user, email, secret } = await setUp()
  const visitor = await asUser(product, undefined)
  const first = await visitor.post('/sign-in', { email, password, next: `${user.home}/members` })
  expect(first.location).toBe(`/sign-in/code?next=${encodeURIComponent(`${user.home}/members`)}`)
  const cookie = first.headers.getSetCookie().join()
  expect(cookie).toMatch(/half_session=.*Max-Age=600; Path=\/; HttpOnly; SameSite=Lax/)
  expect(cookie).not.toContain('session_token')
  for (const path of ['/account', `${user.home}/waitlists`, '/organisations/new'])
    expect((await visitor.get(path)).location).toMatch(/^\/sign-in/)
  expect((await visitor.post('/account/name', { name: 'Eve' })).location).toMatch(/^\/sign-in/)

  expect((await visitor.get(first.location ?? '')).html).toContain('autocomplete="one-time-code"')
  const wrong = await visitor.post('/sign-in/code', { code: '123', next: `${user.home}/members` })
  expect([wrong.status, wrong.html.includes(`value="${user.home}/members"`)]).toEqual([422, true])
  const done = await visitor.post('/sign-in/code', { code: clock.nextCode(secret), next: `${user.home}/members` })
  expect([done.status, done.location]).toEqual([303, `${user.home}/members`])
  expect(done.headers.getSetCookie().join()).toMatch(/half_session=; Max-Age=0/)
  expect((await visitor.get(`${user.home}/members`)).status).toBe(200)
  const evil = await asUser(product, undefined)
  await evil.post('/sign-in', { email, password })
  const sent = await evil.post('/sign-in/code', { code: clock.nextCode(secret), next: '//evil.example' })
  expect(sent.location).toBe('/')
})

test('a code counts once, also at the same moment from two places, and no older one after it', async () => {
  const { email, secret } = await setUp()
  const visitors = await Promise.all([1, 2, 3].map(() => asUser(product, undefined)))
  for (const visitor of visitors) await visitor.post('/sign-in', { email, password })
  const code = clock.nextCode(secret)
  const pages = await Promise.all(visitors.map((visitor) => visitor.post('/sign-in/code', { code })))
  expect(pages.map((page) => page.status).sort()).toEqual([303, 422, 422])
  const late = visitors[pages.findIndex((page) => page.status === 422)]
  for (const steps of [-1, 0, 2, -2])
    expect([steps, (await late?.post('/sign-in/code', { code: clock.code(secret, steps) }))?.status]).toEqual([
      steps,
      422,
    ])
  expect((await late?.post('/sign-in/code', { code: clock.code(secret, 1) }))?.status).toBe(303)
})

test('the code that turned it on does not sign in', async () => {
  const { email, secret } = await setUp()
  const visitor = await asUser(product, undefined)
  await visitor.post('/sign-in', { email, password })
  expect((await visitor.post('/sign-in/code', { code: clock.code(secret) })).status).toBe(422)
})

test('a recovery code signs in once, however it is spelled, is counted, and a mail tells', async () => {
  const { user, email, codes } = await setUp()
  const [first = '', second = ''] = codes
  const visitor = await asUser(product, undefined)
  await visitor.post('/sign-in', { email, password })
  expect((await visitor.get('/sign-in/code?with=recovery')).html).toContain('Recovery code')
  expect((await visitor.post('/sign-in/code', { code: ` ${first.toUpperCase().replaceAll('-', ' ')} ` })).status).toBe(
    303,
  )
  expect(textOf((await visitor.get('/account')).html)).toContain('9 recovery codes are left')
  expect((await mailsTo(product, email)).at(-1)?.subject).toBe('A recovery code was used to sign in')
  const again = await asUser(product, undefined)
  await again.post('/sign-in', { email, password })
  const refused = await again.post('/sign-in/code', { code: first, with: 'recovery' })
  expect([refused.status, textOf(refused.html)]).toEqual([422, expect.stringContaining('Try another one of those')])
  expect(textOf(refused.html)).not.toContain('30 seconds')
  const [one, two] = [await asUser(product, undefined), await asUser(product, undefined)]
  for (const each of [one, two]) await each.post('/sign-in', { email, password })
  const pages = await Promise.all([one, two].map((each) => each.post('/sign-in/code', { code: second })))
  expect(pages.map((page) => page.status).sort()).toEqual([303, 422])
  expect((await user.get('/account')).status).toBe(200)
})

test("one person's code and recovery codes are nothing to another's account", async () => {
  const [ada, eve] = [await setUp(), await setUp()]
  const visitor = await asUser(product, undefined)
  await visitor.post('/sign-in', { email: ada.email, password })
  for (const code of [clock.nextCode(eve.secret), eve.codes[0] ?? ''])
    expect((await visitor.post('/sign-in/code', { code })).status).toBe(422)
})

test('new recovery codes replace the old ones, and a mail tells', async () => {
  const { user, email, codes } = await setUp()
  const page = await user.post('/account/two-factor/recovery-codes')
  const fresh = recoveryCodesIn(page.html)
  expect([page.status, new Set([...codes, ...fresh]).size]).toEqual([201, 20])
  const visitor = await asUser(product, undefined)
  await visitor.post('/sign-in', { email, password })
  expect((await visitor.post('/sign-in/code', { code: codes[0] ?? '' })).status).toBe(422)
  expect((await visitor.post('/sign-in/code', { code: fresh[0] ?? '' })).status).toBe(303)
  expect((await mailsTo(product, email)).map((mail) => mail.subject)).toContain('You have new recovery codes')
  const other = await signUp(product, 'no-codes@example.com')
  expect((await other.post('/account/two-factor/recovery-codes')).status).toBe(409)
})

test('turning it off takes the password and a code, together', async () => {
  const { user, email, secret, codes } = await setUp()
  const off = (off_password: string, code: string) => user.post('/account/two-factor/off', { off_password, code })
  expect((await user.get('/account/two-factor/off')).html).toContain('Turn off two-factor sign-in?')
  expect((await off('not the password', codes[0] ?? '')).status).toBe(422)
  expect((await off(password, '000000')).status).toBe(422)
  expect((await off(password, '')).status).toBe(422)
  expect(textOf((await user.get('/account')).html)).toContain('10 recovery codes are left')
  expect((await off(password, clock.nextCode(secret))).location).toBe('/account?saved=two-factor-off')
  expect((await (await asUser(product, undefined)).post('/sign-in', { email, password })).location).toBe('/')
  expect((await mailsTo(product, email)).at(-1)?.subject).toBe('Two-factor sign-in is off')
  // On again with another secret; what was saved before is worth nothing.
  const anew = await turnOn(user, clock)
  expect(anew.secret).not.toBe(secret)
  expect((await off(password, codes[1] ?? '')).status).toBe(422)
  expect((await off(password, anew.codes[1] ?? '')).status).toBe(303)
})

test('neither the secret nor a recovery code is to be found at rest or in the log', async () => {
  const { secret, codes } = await setUp()
  const kept = (await dump(product)) + product.logged()
  for (const code of codes) expect(kept).not.toContain(code.replaceAll('-', ''))
  for (const code of codes) expect(kept).not.toContain(code)
  expect(kept).not.toContain(secret)
})

test('whoever runs the server can turn it off for somebody who lost everything', async () => {
  const { email } = await setUp()
  expect((await twoFactorOff(product.services, { email })).json).toEqual({ email, two_factor: false, changed: true })
  expect((await twoFactorOff(product.services, { email })).json).toEqual({ email, two_factor: false, changed: false })
  expect((await (await asUser(product, undefined)).post('/sign-in', { email, password })).location).toBe('/')
  expect((await mailsTo(product, email)).at(-1)?.subject).toBe('Two-factor sign-in is off')
})

test('what was never confirmed asks nobody for a code, and is forgotten', async () => {
  const user = await signUp(product, 'pending@example.com')
  const secret = secretIn((await user.post('/account/two-factor/new')).html)
  expect(
    (await user.post('/account/two-factor/off', { off_password: password, code: clock.nextCode(secret) })).status,
  ).toBe(422)
  expect((await (await asUser(product, undefined)).post('/sign-in', { email: user.email, password })).location).toBe(
    '/',
  )
  const { rows } = await sql`select 1 from recovery_codes r join users u on u.id = r.user_id
    where u.email = 'pending@example.com'`.execute(product.database.owner.kysely)
  expect(rows).toEqual([])
})
