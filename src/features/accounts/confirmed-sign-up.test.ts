import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { mailedPath, mailsTo, password, signUp, textOf } from '../../../test/people.ts'
import { stopClock } from '../../../test/two-factor.ts'
import { inviteMember } from '../organisations/invite-member.ts'

let product: TestProduct
let clock: ReturnType<typeof stopClock>
beforeAll(async () => {
  product = await makeProduct({ SMTP_URL: 'smtp://127.0.0.1:1' })
  clock = stopClock(product)
  await signUp(product, 'first@example.com')
})
afterAll(() => product.close())

const visitor = () => asUser(product, undefined)
const another = 'another long password'

/** Somebody who asks for an account, in a browser that keeps its cookies. */
async function ask(email: string, given = password) {
  const browser = await visitor()
  const page = await browser.post('/sign-up', { email, password: given })
  const Cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  return { browser, page, Cookie, link: () => mailedPath(product, email, 'confirm-sign-up') }
}

test('the first person comes in at once, whatever becomes of mails', async () => {
  const fresh = await makeProduct({ SMTP_URL: 'smtp://127.0.0.1:1' })
  try {
    const { home } = await signUp(fresh, 'first@example.com')
    expect(home).toBe('/o/firsts-organisation')
    expect(await mailsTo(fresh, 'first@example.com')).toEqual([])
  } finally {
    await fresh.close()
  }
})

test('everybody else confirms from their mailbox: one button, in the same browser', async () => {
  const { browser, page, Cookie, link } = await ask(' Ada@example.com')
  expect(page.status).toBe(200)
  expect(textOf(page.html)).toContain('A mail is on its way to ada@example.com')
  expect(page.headers.getSetCookie()[0]).toMatch(/HttpOnly; SameSite=Lax/)
  expect((await (await visitor()).post('/sign-in', { email: 'ada@example.com', password })).status).toBe(422)
  const path = await mailedPath(product, 'ada@example.com', 'confirm-sign-up')
  const confirm = await browser.get(path, { Cookie })
  expect(textOf(confirm.html)).toContain('You will sign in as ada@example.com')
  expect(confirm.html).not.toContain('type="password"')
  expect((await browser.post(path, {}, { Cookie })).location).toBe('/')
  expect((await browser.get('/')).location).toBe('/o/adas-organisation/waitlists')
  expect((await (await visitor()).post('/sign-in', { email: 'ada@example.com', password })).status).toBe(303)
  expect((await (await visitor()).post(path, { password: another })).location).toBe('/sign-in?done=account')
  expect((await (await visitor()).get('/sign-in?done=account')).html).toContain('You have an account already')
  expect(await link()).toBe('')
})

test('whether an address has an account, only its mailbox learns', async () => {
  const taken = await ask('first@example.com', another)
  const free = await ask('frees@example.com', another)
  const shape = ({ page }: typeof taken, email: string) => [
    page.status,
    page.html.replaceAll(email, 'x'),
    [...page.headers].map(([name, value]) => [name, name === 'set-cookie' ? value.replace(/=[\w-]+/, '=').length : 0]),
    page.headers.getSetCookie().map((line) => line.length),
  ]
  expect(shape(taken, 'first@example.com')).toEqual(shape(free, 'frees@example.com'))
  expect((await mailsTo(product, 'first@example.com')).map((mail) => mail.subject)).toEqual([
    'You have a QueueUp account already',
  ])
  expect((await mailsTo(product, 'frees@example.com')).map((mail) => mail.subject)).toEqual([
    'Confirm your QueueUp account',
  ])
  expect((await (await visitor()).post('/sign-in', { email: 'first@example.com', password })).status).toBe(303)
  expect((await (await visitor()).post('/sign-in', { email: 'first@example.com', password: another })).status).toBe(422)
})

test('nobody chooses the password of an account that somebody else confirms', async () => {
  const eve = await ask('victim@example.com', 'a password eve chose')
  const path = await eve.link()
  const victim = await visitor()
  expect((await victim.get(path)).html).toContain('type="password"')
  expect((await victim.post(path, {})).status).toBe(422)
  expect((await victim.post(path, { password: 'short' })).html).toContain('at least 10 characters')
  const other = await ask('other@example.com', 'a password eve chose')
  expect((await victim.post(path, {}, { Cookie: other.Cookie })).status).toBe(422)
  expect((await victim.post(path, { password: another })).location).toBe('/')
  const enter = async (given: string) =>
    (await (await visitor()).post('/sign-in', { email: 'victim@example.com', password: given })).status
  expect([await enter('a password eve chose'), await enter(another)]).toEqual([422, 303])
})

test('a link lasts a day, and what is none leads nowhere', async () => {
  const { link, Cookie } = await ask('late@example.com')
  const path = await link()
  for (const wrong of ['abc', '', path.slice(17, -2), Cookie.split('=')[1] ?? '', `${path.slice(17, -1)}~`]) {
    expect((await (await visitor()).get(`/confirm-sign-up/${wrong}`)).status).toBe(404)
    expect((await (await visitor()).post(`/confirm-sign-up/${wrong}`, { password })).status).toBe(404)
  }
  clock.wait(86_401)
  expect((await (await visitor()).post(path, { password })).status).toBe(404)
})

test('nobody floods a mailbox through the form', async () => {
  for (let i = 0; i < 8; i++) expect((await ask('flooded@example.com')).page.status).toBe(200)
  expect((await mailsTo(product, 'flooded@example.com')).length).toBeLessThanOrEqual(5)
})

test('whoever knows the password of the account comes in, and whoever is invited has shown their mailbox', async () => {
  expect((await ask('first@example.com')).page.location).toBe('/')
  const organisation = await makeOrganisation(product)
  await inviteMember(organisation.ctx, { email: 'invited@example.com', role: 'member' })
  const next = await mailedPath(product, 'invited@example.com', 'invitations')
  const browser = await visitor()
  expect((await browser.post('/sign-up', { email: 'invited@example.com', password, next })).location).toBe(next)
  expect((await browser.post(next)).location).toBe(`/o/${organisation.slug}/waitlists`)
})
