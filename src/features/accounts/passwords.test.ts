import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { dump, mailedPath, mailsTo, password, signIn, signUp, textOf } from '../../../test/people.ts'
import { passwordReset } from './accounts.cli.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const newPassword = 'quite another password'
const visitor = () => asUser(product, undefined)

async function forget(email: string) {
  return (await visitor()).post('/forgot-password', { email })
}

async function resetLink(email: string): Promise<string> {
  expect((await forget(email)).status).toBe(200)
  return mailedPath(product, email, 'reset-password')
}

test('a forgotten password is replaced through a link by mail, once, and all sessions end', async () => {
  const ada = await signUp(product, 'ada@example.com')
  const link = await resetLink('ada@example.com')
  expect(link).toMatch(/^\/reset-password\/[0-9A-Za-z]{22,}$/)
  const page = await (await visitor()).get(link)
  expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store'])

  expect((await (await visitor()).post(link, { password: 'short' })).status).toBe(422)
  const done = await (await visitor()).post(link, { password: newPassword })
  expect([done.status, done.location]).toEqual([303, '/sign-in?done=password'])
  expect(textOf((await (await visitor()).get('/sign-in?done=password')).html)).toContain('Your new password is saved')
  expect((await ada.get(`${ada.home}/waitlists`)).location).toMatch(/^\/sign-in/)
  expect((await (await visitor()).post('/sign-in', { email: ada.email, password })).status).toBe(422)
  expect((await (await visitor()).post('/sign-in', { email: ada.email, password: newPassword })).status).toBe(303)
  expect((await mailsTo(product, ada.email)).at(-1)?.subject).toBe('Your QueueUp password was changed')
  expect((await (await visitor()).post(link, { password: 'a third password yet' })).status).toBe(404)
})

test('two uses of one link at the same time set one password', async () => {
  await signUp(product, 'race@example.com')
  const link = await resetLink('race@example.com')
  const [one, two] = [await visitor(), await visitor()]
  const pages = await Promise.all([
    one.post(link, { password: 'the first of two' }),
    two.post(link, { password: 'the second of two' }),
  ])
  expect(pages.map((page) => page.status).sort()).toEqual([303, 404])
})

test('known and unknown addresses are answered alike, and the unknown gets no mail', async () => {
  await signUp(product, 'known@example.com')
  const [known, unknown, odd] = [
    await forget('known@example.com'),
    await forget('unknown@example.com'),
    await forget('no address'),
  ]
  expect(known.html).toBe(unknown.html)
  expect(known.html).toBe(odd.html)
  expect(await mailsTo(product, 'known@example.com')).toHaveLength(1)
  expect(await mailsTo(product, 'unknown@example.com')).toEqual([])
})

test('nobody can flood a mailbox through the form', async () => {
  await signUp(product, 'flooded@example.com')
  for (let i = 0; i < 8; i++) expect((await forget('flooded@example.com')).status).toBe(200)
  expect((await mailsTo(product, 'flooded@example.com')).length).toBeLessThanOrEqual(5)
})

test('no table holds a token that is mailed, neither while it waits nor afterwards', async () => {
  await signUp(product, 'secret@example.com')
  await forget('secret@example.com')
  const link = await mailedPath(product, 'secret@example.com', 'reset-password')
  const token = link.split('/').at(-1) ?? ''
  expect(token.length).toBeGreaterThan(20)
  expect(await dump(product)).not.toContain(token)
})

test('a link lasts an hour', async () => {
  await signUp(product, 'late@example.com')
  const link = await resetLink('late@example.com')
  await sql`update reset_links set expires_at = expires_at - interval '61 minutes'`.execute(
    product.database.owner.kysely,
  )
  expect((await (await visitor()).post(link, { password: newPassword })).status).toBe(404)
})

test('whoever runs the server makes a link to pass on: no mail goes out, it works once, and says so for whom there is none', async () => {
  const ada = await signUp(product, 'printed@example.com')
  const { json, text } = await passwordReset(product.services, { email: ' Printed@Example.com ' })
  const { url } = json as { url: string }
  expect(text).toBe(`${url}\nThe link works once, for an hour.`)
  expect(url.startsWith(`${product.services.config.publicUrl}/reset-password/`)).toBe(true)
  expect(await mailsTo(product, ada.email)).toEqual([])
  const link = new URL(url).pathname
  product.issued.add(link.split('/').at(-1) ?? '')
  expect((await (await visitor()).post(link, { password: newPassword })).status).toBe(303)
  expect((await (await visitor()).post(link, { password: 'a third password yet' })).status).toBe(404)
  await expect(passwordReset(product.services, { email: 'nobody@example.com' })).rejects.toThrow(
    'There is no account with nobody@example.com.',
  )
})

test('changing the password asks for the old one and ends the other sessions', async () => {
  const here = await signUp(product, 'change@example.com')
  const there = await signIn(product, 'change@example.com')
  const wrong = await here.post('/account/password', { current_password: 'not the old one', password: newPassword })
  expect(wrong.status).toBe(422)
  expect(textOf(wrong.html)).toContain('This is not your current password')
  const done = await here.post('/account/password', { current_password: password, password: newPassword })
  expect(done.location).toBe('/account?saved=password')
  expect((await here.get('/account')).status).toBe(200)
  expect((await there.get('/account')).location).toMatch(/^\/sign-in/)
  const mails = await mailsTo(product, 'change@example.com')
  expect(mails.map((mail) => mail.subject)).toEqual(['Your QueueUp password was changed'])
  expect(mails[0]?.text).toMatch(/Where: .*from 127\.0\.0\.1/)
})

test('a change makes links that wait in the mail lead nowhere, a session that was copied too', async () => {
  const ada = await signUp(product, 'links@example.com')
  const link = await resetLink(ada.email)
  await ada.post('/account/email', { email: 'links-new@example.com' })
  const confirm = await mailedPath(product, 'links-new@example.com', 'confirm-email')
  const copied = { Cookie: ada.cookie() }
  await ada.post('/account/password', { current_password: password, password: newPassword })
  expect((await (await visitor()).post(link, { password: 'a third password yet' })).status).toBe(404)
  expect((await ada.post(confirm)).status).toBe(404)
  expect((await (await visitor()).get('/account', copied)).location).toMatch(/^\/sign-in/)
})

test('of two changes at the same time one is made', async () => {
  const ada = await signUp(product, 'twice@example.com')
  const wanted = ['the first of two', 'the second of two']
  const pages = await Promise.all(
    wanted.map((text) => ada.post('/account/password', { current_password: password, password: text })),
  )
  const made = pages.map(({ location }) => location === '/account?saved=password')
  const signedIn = await Promise.all(
    wanted.map(async (text) => (await visitor()).post('/sign-in', { email: ada.email, password: text })),
  )
  expect(made.toSorted()).toEqual([false, true])
  expect(signedIn.map(({ status }) => status === 303)).toEqual(made)
  // The other was told that its password is not the current one, or came when the change had ended its session.
  const other = pages[made.indexOf(false)]
  expect(other?.location ?? String(other?.status)).toMatch(/^422$|^\/sign-in/)
})

test('a stolen session can guess the password a few times only, and its person is not kept from changing it', async () => {
  const stolen = await signUp(product, 'guessed@example.com')
  const own = await signIn(product, stolen.email)
  let last = 0
  for (let i = 0; i < 15 && last !== 429; i++)
    last = (await stolen.post('/account/password', { current_password: `guess ${i}`, password: newPassword })).status
  expect(last).toBe(429)
  expect((await own.post('/account/password', { current_password: password, password: newPassword })).status).toBe(303)
})

test('a name is what people like, but no trick', async () => {
  const user = await signUp(product, 'name@example.com')
  expect((await user.post('/account/name', { name: ' Ada 👩‍💻 ' })).status).toBe(303)
  expect((await user.get('/account')).html).toContain('value="Ada 👩‍💻"')
  for (const name of ['', 'x\u202eevil', 'x'.repeat(101)])
    expect((await user.post('/account/name', { name })).status).toBe(422)
  // What the log calls the product itself, and other people's addresses, would make theirs what somebody else did.
  for (const name of ['System', ' s y s t e m ', 'STRIPE', 'ＱｕｅｕｅＵｐ', 'owner@example.com', 'Ada＠example.com'])
    expect([name, (await user.post('/account/name', { name })).status]).toEqual([name, 422])
  expect((await user.post('/account/name', { name: 'Name@example.com' })).status).toBe(303)
})
