import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { dump, mailedPath, mailsTo, password, signIn, signUp, textOf } from '../../../test/people.ts'

let product: TestProduct
let count = 0
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const [old, wanted] = [`old-${++count}@example.com`, `new-${count}@example.com`]
  const user = await signUp(product, old)
  const ask = (email = wanted) => user.post('/account/email', { email })
  const link = () => mailedPath(product, wanted, 'confirm-email')
  return { user, old, wanted, ask, link }
}

const canSignIn = async (email: string) =>
  (await (await asUser(product, undefined)).post('/sign-in', { email, password })).status === 303

test('a new address is confirmed from its mailbox, once; the old one is told and no longer signs in', async () => {
  const { user, old, wanted, ask, link } = await setUp()
  expect((await ask(` ${wanted.toUpperCase()} `)).location).toBe('/account?saved=email')
  expect(textOf((await user.get('/account?saved=email')).html)).toContain(`${wanted} waits to be confirmed`)
  expect(await canSignIn(old)).toBe(true)
  expect(await canSignIn(wanted)).toBe(false)
  expect((await mailsTo(product, old)).map((mail) => mail.subject)).toEqual(['Your e-mail address is about to change'])

  const path = await link()
  expect(path).toMatch(/^\/confirm-email\/[0-9A-Za-z]{22,}$/)
  expect(textOf((await user.get(path)).html)).toContain(`You will sign in as ${wanted}`)
  expect(await canSignIn(old)).toBe(true)
  expect((await user.post(path)).location).toBe('/account?saved=email-confirmed')
  const page = textOf((await user.get('/account?saved=email-confirmed')).html)
  expect(page).toContain(`You sign in as ${wanted} .`)
  expect(page).not.toContain(old)
  expect([await canSignIn(old), await canSignIn(wanted)]).toEqual([false, true])
  expect((await mailsTo(product, old)).at(-1)?.text).toContain(`from ${old} to ${wanted}`)
  expect((await user.post(path)).status).toBe(404)
})

test('the token is nowhere to be found but in the mail', async () => {
  const { ask, link } = await setUp()
  await ask()
  const before = await dump(product)
  const token = (await link()).split('/').at(-1) ?? ''
  expect(token.length).toBeGreaterThan(22)
  expect(before + (await dump(product)) + product.logged()).not.toContain(token)
})

test('a link lasts an hour, a newer one replaces it, and it can be called off', async () => {
  const { user, ask, link } = await setUp()
  await ask()
  const first = await link()
  await ask()
  const second = await link()
  expect((await user.post(first)).status).toBe(404)
  expect((await user.post('/account/email/cancel')).status).toBe(303)
  expect((await user.post(second)).status).toBe(404)
  await ask()
  const late = await link()
  await sql`update email_changes set expires_at = expires_at - interval '61 minutes'`.execute(
    product.database.owner.kysely,
  )
  expect((await user.get(late)).status).toBe(404)
  expect((await user.post(late)).status).toBe(404)
  expect(textOf((await user.get('/account')).html)).not.toContain('waits to be confirmed')
})

test('whoever else finds the link gets nothing by it: it counts for the person who asked, signed in', async () => {
  const { user, old, ask, link } = await setUp()
  await ask()
  const path = await link()
  const stranger = await asUser(product, undefined)
  for (const page of [await stranger.get(path), await stranger.post(path)])
    expect(page.location).toBe(`/sign-in?next=${encodeURIComponent(path)}`)
  const eve = await signUp(product, `eve-${old}`)
  expect([(await eve.get(path)).status, (await eve.post(path)).status]).toEqual([404, 404])
  expect((await user.post(path)).status).toBe(303)
})

test('an address that is taken cannot be told from a free one; its mailbox is told', async () => {
  const taken = await signUp(product, 'taken@example.com')
  const { user, ask } = await setUp()
  const free = await ask('free@example.com')
  const freePage = (await user.get('/account?saved=email')).html
  const answer = await ask(taken.email)
  const takenPage = (await user.get('/account?saved=email')).html
  expect([answer.status, answer.location]).toEqual([free.status, free.location])
  const alike = (html: string) => textOf(html).replaceAll(/(free|taken)@example\.com/g, 'x')
  expect(alike(takenPage)).toBe(alike(freePage))
  expect((await mailsTo(product, taken.email)).map((mail) => mail.subject)).toEqual(['You have an account already'])
  expect((await mailsTo(product, taken.email))[0]?.text).not.toContain('confirm-email')
})

test('an address that is taken meanwhile stays with whoever has it', async () => {
  const { user, old, wanted, ask, link } = await setUp()
  await ask()
  const path = await link()
  const other = await signUp(product, wanted)
  const late = await user.post(path)
  expect([late.status, textOf(late.html).includes('yours stays as it is')]).toEqual([409, true])
  expect((await other.get('/account')).status).toBe(200)
  expect(await canSignIn(old)).toBe(true)
})

test('two people who confirm one address at the same time: one gets it', async () => {
  const [one, two] = [await setUp(), await setUp()]
  const links = []
  for (const { ask } of [one, two]) {
    await ask('wanted@example.com')
    links.push(await mailedPath(product, 'wanted@example.com', 'confirm-email'))
  }
  const pages = await Promise.all([one.user.post(links[0] ?? ''), two.user.post(links[1] ?? '')])
  expect(pages.map((page) => page.status).sort()).toEqual([303, 409])
})

test('the same link sent twice at the same time works once', async () => {
  const { user, ask, link } = await setUp()
  await ask()
  const path = await link()
  const pages = await Promise.all([user.post(path), user.post(path)])
  // The other one finds the link used up, or its session under another token.
  expect(pages.filter((page) => page.location === '/account?saved=email-confirmed')).toHaveLength(1)
})

test('a link to choose a password that went to the old mailbox leads nowhere after the change', async () => {
  const { user, old, ask, link } = await setUp()
  await user.post('/forgot-password', { email: old })
  const reset = await mailedPath(product, old, 'reset-password')
  await ask()
  await user.post(await link())
  expect((await user.post(reset, { password: 'some other password' })).status).toBe(404)
})

test('a name that somebody chose stays', async () => {
  const { user, ask, link } = await setUp()
  await user.post('/account/name', { name: 'Ada 👩‍💻' })
  await ask()
  await user.post(await link())
  expect((await user.get('/account')).html).toContain('value="Ada 👩‍💻"')
})

test.each(['', 'nobody', 'eve@💥', 'a@example.com, b@example.com', `${'e'.repeat(300)}@example.com`])(
  'an address such as %s is refused beside its field, and stays typed',
  async (email) => {
    const { ask } = await setUp()
    const page = await ask(email)
    expect(page.status).toBe(422)
    expect(page.html).toContain('id="email-problem"')
    if (email) expect(page.html).toContain(`value="${email}"`)
  },
)

test('the address one has is no new one, and nobody can flood mailboxes through the form', async () => {
  const { ask, old, wanted } = await setUp()
  expect(textOf((await ask(old)).html)).toContain('This is your address already')
  const statuses: number[] = []
  for (let i = 0; i < 7; i++) statuses.push((await ask()).status)
  expect(statuses.slice(-2)).toEqual([429, 429])
  expect((await mailsTo(product, wanted)).length).toBeLessThanOrEqual(5)
})

test('the mail opened where one is not signed in leads there through signing in', async () => {
  const { old, ask, link } = await setUp()
  await ask()
  const path = await link()
  const phone = await asUser(product, undefined)
  expect((await phone.post('/sign-in', { email: old, password, next: path })).location).toBe(path)
  expect((await phone.post(path)).status).toBe(303)
  expect((await (await signIn(product, `new-${count}@example.com`)).get('/account')).status).toBe(200)
})
