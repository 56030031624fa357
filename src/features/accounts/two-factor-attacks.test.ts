import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct, secretKey, type TestProduct } from '../../../test/make.ts'
import { mailedPath, mailsTo, password, signUp, textOf } from '../../../test/people.ts'
import { stopClock, turnOn } from '../../../test/two-factor.ts'
import { renewTwoFactorSecrets } from './renew-two-factor-secrets.ts'

let product: TestProduct
let clock: ReturnType<typeof stopClock>
let count = 0
beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
  clock = stopClock(product)
})
afterAll(() => product.close())

const from = (address: string) => ({ 'X-Forwarded-For': address })

async function setUp() {
  const user = await signUp(product, `ada-${++count}@example.com`)
  return { user, email: user.email, ...(await turnOn(user, clock)) }
}

/** Somebody who knows the password, at an address. */
async function halfIn(email: string, address: string) {
  const visitor = await asUser(product, undefined)
  await visitor.post('/sign-in', { email, password }, from(address))
  return (code: string) => visitor.post('/sign-in/code', { code }, from(address))
}

test('guesses are limited where they come from; the person gets in elsewhere, and is told', async () => {
  const { email, secret } = await setUp()
  const guess = await halfIn(email, '192.0.2.66')
  let last = await guess('000000')
  for (let i = 0; i < 20 && last.status !== 429; i++) last = await guess(String(100000 + i))
  expect(last.status).toBe(429)
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
  // Not even the right one is taken there now.
  expect((await guess(clock.nextCode(secret))).status).toBe(429)
  expect((await (await halfIn(email, '198.51.100.1'))(clock.nextCode(secret))).status).toBe(303)
  const warnings = (await mailsTo(product, email)).filter(
    (mail) => mail.subject === 'Somebody knows your QueueUp password',
  )
  expect(warnings).toHaveLength(1)
  expect(warnings[0]?.text).toContain('from 192.0.2.66')
})

test('many machines together are limited too, but not where one is signed in, nor a recovery code', async () => {
  const { user, email, secret, codes } = await setUp()
  await user.get('/account', from('203.0.113.5'))
  let status = 0
  for (let i = 0; i < 70 && status !== 429; i++) status = (await (await halfIn(email, `10.1.${i}.1`))('000000')).status
  expect(status).toBe(429)
  expect((await (await halfIn(email, '10.2.0.1'))(clock.nextCode(secret))).status).toBe(429)
  expect((await (await halfIn(email, '203.0.113.5'))(clock.nextCode(secret))).status).toBe(303)
  expect((await (await halfIn(email, '10.3.0.1'))(codes[0] ?? '')).status).toBe(303)
}, 60_000)

test('a password chosen through a mailed link does not make the code unnecessary', async () => {
  const { email, secret } = await setUp()
  const visitor = await asUser(product, undefined)
  await visitor.post('/forgot-password', { email })
  const link = await mailedPath(product, email, 'reset-password')
  const wanted = 'a password chosen anew'
  expect((await visitor.post(link, { password: wanted })).location).toBe('/sign-in?done=password')
  expect((await visitor.post('/sign-in', { email, password: wanted })).location).toBe('/sign-in/code')
  expect((await visitor.get('/account')).location).toMatch(/^\/sign-in/)
  expect((await visitor.post('/sign-in/code', { code: clock.nextCode(secret) })).status).toBe(303)
})

test('a half-session ends with the password it was for, after ten minutes, and with any change to it', async () => {
  const { user, email, secret } = await setUp()
  const early = await halfIn(email, '192.0.2.1')
  await user.post('/account/password', { current_password: password, password: 'quite another password' })
  expect((await early(clock.nextCode(secret))).location).toBe('/sign-in?done=late')
  await user.post('/account/password', { current_password: 'quite another password', password })
  const slow = await halfIn(email, '192.0.2.1')
  clock.wait(601)
  expect((await slow(clock.nextCode(secret))).location).toBe('/sign-in?done=late')
  expect(textOf((await (await asUser(product, undefined)).get('/sign-in?done=late')).html)).toContain('Sign in again')

  const visitor = await asUser(product, undefined)
  const page = await visitor.post('/sign-in', { email, password })
  const value = /half_session=([^;]+)/.exec(page.headers.getSetCookie().join())?.[1] ?? ''
  for (const forged of ['', 'x', `${value.slice(0, -2)}AA`, value.slice(4), Buffer.from('{}').toString('base64url')]) {
    const eve = await asUser(product, undefined)
    const answer = await eve.post(
      '/sign-in/code',
      { code: clock.nextCode(secret) },
      { Cookie: `queueup.half_session=${forged}` },
    )
    expect([forged, answer.location]).toEqual([forged, '/sign-in?done=late'])
  }
})

test('signing up with the address and password of somebody who has it on leads to the code, not past it', async () => {
  const { email } = await setUp()
  const visitor = await asUser(product, undefined)
  expect((await visitor.post('/sign-up', { email, password })).location).toBe('/sign-in/code')
  expect((await visitor.get('/account')).location).toMatch(/^\/sign-in/)
})

test('a wrong password says nothing of whether there is a code to come', async () => {
  const { email } = await setUp()
  const plain = await signUp(product, `plain-${email}`)
  const pages = []
  for (const who of [email, plain.email]) {
    const page = await (await asUser(product, undefined)).post('/sign-in', { email: who, password: 'not the password' })
    pages.push(page.html.replaceAll(who, 'x'))
    expect(page.headers.getSetCookie()).toEqual([])
  }
  expect(pages[0]).toBe(pages[1])
})

test.each(['', '💥💥💥💥💥💥', '1'.repeat(5000), '12345６', "' or 1=1", '-00001'])(
  '%s is no code, and breaks nothing',
  async (code) => {
    const { email } = await setUp()
    expect((await (await halfIn(email, '192.0.2.9'))(code)).status).toBe(422)
  },
)

test('a rotated SECRET_KEY keeps codes, recovery codes and half-sessions good, also once the previous key is gone', async () => {
  const { email, secret, codes } = await setUp()
  const half = await (await asUser(product, undefined)).post('/sign-in', { email, password })
  const Cookie = half.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const key = 'another secret key for tests, of 32 bytes'
  const enter = async (at: TestProduct, code: string) => {
    const visitor = await asUser(at, undefined)
    await visitor.post('/sign-in', { email, password })
    return (await visitor.post('/sign-in/code', { code })).status
  }
  const rotating = await makeProduct({ SECRET_KEY: key, SECRET_KEY_PREVIOUS: secretKey }, product)
  rotating.services.now = product.services.now
  try {
    const visitor = await asUser(rotating, undefined)
    expect((await visitor.post('/sign-in/code', { code: clock.nextCode(secret) }, { Cookie })).location).toBe('/')
    expect(await enter(rotating, clock.nextCode(secret))).toBe(303)
    expect(await enter(rotating, codes[0] ?? '')).toBe(303)
    await renewTwoFactorSecrets({ ...rotating.services, db: product.database.jobs })
    const { rows } = await sql<{ secret_version: string }>`select distinct secret_version from two_factors`.execute(
      product.database.owner.kysely,
    )
    expect(rows).toEqual([{ secret_version: rotating.services.secrets.version }])
  } finally {
    await rotating.close()
  }
  const rotated = await makeProduct({ SECRET_KEY: key }, product)
  rotated.services.now = product.services.now
  try {
    expect(await enter(rotated, clock.nextCode(secret))).toBe(303)
    expect(await enter(rotated, codes[1] ?? '')).toBe(303)
  } finally {
    await rotated.close()
  }
})
