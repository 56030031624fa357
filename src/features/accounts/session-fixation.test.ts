import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { password, signIn, signUp } from '../../../test/people.ts'
import { stopClock, turnOn } from '../../../test/two-factor.ts'

let product: TestProduct
/** The same behind https, where cookies are bound to the host. */
let secure: TestProduct
let clock: ReturnType<typeof stopClock>
const site = 'https://queueup.example'
beforeAll(async () => {
  product = await makeProduct()
  secure = await makeProduct({ PUBLIC_URL: site }, product)
  clock = stopClock(product)
})
afterAll(async () => {
  await secure.close()
  await product.close()
})

/** Whether somebody with this cookie is in. */
async function isIn(cookie: string, at = product): Promise<boolean> {
  return (await (await asUser(at, undefined)).get('/account', { Cookie: cookie })).status === 200
}

test('whoever knows what a browser was signed in with before is out once somebody signs in there', async () => {
  const { email } = await signUp(product, 'ada@example.com')
  const user = await signIn(product, email)
  const known = user.cookie()
  expect(await isIn(known)).toBe(true)
  await user.post('/sign-in', { email, password })
  expect(user.cookie()).not.toBe(known)
  expect([await isIn(user.cookie()), await isIn(known)]).toEqual([true, false])
  // Not by trying alone.
  await user.post('/sign-in', { email, password: 'not her password' })
  expect(await isIn(user.cookie())).toBe(true)
})

test('turning two-factor sign-in on, the code, and a new password each give another session', async () => {
  const user = await signUp(product, 'bob@example.com')
  const first = user.cookie()
  const { secret } = await turnOn(user, clock)
  const second = user.cookie()
  expect([await isIn(first), await isIn(second)]).toEqual([false, true])

  await user.post('/sign-in', { email: user.email, password })
  expect(await isIn(second)).toBe(true)
  await user.post('/sign-in/code', { code: clock.nextCode(secret) })
  const third = user.cookie()
  expect([await isIn(second), await isIn(third)]).toEqual([false, true])

  await user.post('/account/password', { current_password: password, password: 'a wholly new password' })
  expect([await isIn(third), await isIn(user.cookie())]).toEqual([false, true])
})

test('a cookie that was planted is never taken up', async () => {
  const { email } = await signUp(product, 'eve@example.com')
  const planted = `queueup.session_token=${'planted'.repeat(5)}.${createHmac('sha256', 'x').update('y').digest('base64')}`
  const victim = await asUser(product, undefined)
  const answer = await victim.post('/sign-in', { email, password }, { Cookie: planted })
  expect(answer.headers.getSetCookie().join()).not.toContain('planted')
  expect([await isIn(planted), await isIn(victim.cookie())]).toEqual([false, true])
  // No address signs anybody in, and none sets a cookie.
  const token = victim.cookie().split('=')[1] ?? ''
  for (const name of ['queueup.session_token', 'session_token', 'token', 'session', 'sid']) {
    const page = await (await asUser(product, undefined)).get(`/account?${name}=${token}`)
    expect([page.location?.startsWith('/sign-in'), page.headers.getSetCookie()]).toEqual([true, []])
  }
})

test("under https a neighbouring site's cookie, without the name that is bound to the host, is nothing", async () => {
  const organisation = await makeOrganisation(product)
  const user = await asUser(product, organisation.owner)
  const own = user.cookie()
  expect([await isIn(own, secure), await isIn(`__Host-${own}`, secure)]).toEqual([false, true])
  const answer = await (await asUser(secure, undefined)).post('/sign-in', organisation.owner, { Origin: site })
  const set = answer.headers.getSetCookie()
  expect(set.length).toBeGreaterThan(0)
  for (const line of set)
    expect(line).toMatch(/^__Host-queueup\.\w+=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
})
