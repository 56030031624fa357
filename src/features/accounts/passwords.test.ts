import { afterAll, beforeAll, expect, test } from 'vitest'
import { startApp, type TestApp } from '../../../test/start-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.stop())

const newPassword = 'quite another password'

async function resetLink(email: string): Promise<string> {
  expect((await app.visitor().post('/forgot-password', { email })).status).toBe(200)
  await app.runMailJobs()
  return /\/reset-password\/\S+/.exec(app.mailsTo(email).at(-1) ?? '')?.[0] ?? ''
}

test('a forgotten password is replaced through a link by mail, once, and all sessions end', async () => {
  const ada = app.visitor()
  const home = await ada.signUp('ada@example.com')
  const link = await resetLink('ada@example.com')
  expect(link).toMatch(/^\/reset-password\/[0-9A-Za-z]{22,}$/)
  expect((await app.visitor().get(link)).status).toBe(200)

  const short = await app.visitor().post(link, { password: 'short' })
  expect(short.status).toBe(422)
  const done = await app.visitor().post(link, { password: newPassword })
  expect([done.status, done.location]).toEqual([303, '/sign-in?done=password'])
  expect((await app.visitor().get(done.location)).text).toContain('Your new password is saved')
  expect((await ada.get(`${home}/waitlists`)).location).toMatch(/^\/sign-in/)
  expect((await app.visitor().signIn('ada@example.com')).status).toBe(422)
  expect((await app.visitor().signIn('ada@example.com', newPassword)).status).toBe(303)

  const again = await app.visitor().post(link, { password: 'a third password yet' })
  expect(again.status).toBe(404)
  expect((await app.visitor().signIn('ada@example.com', newPassword)).status).toBe(303)
})

test('two uses of one link at the same time set one password', async () => {
  await app.visitor().signUp('race@example.com')
  const link = await resetLink('race@example.com')
  const pages = await Promise.all([
    app.visitor().post(link, { password: 'the first of two' }),
    app.visitor().post(link, { password: 'the second of two' }),
  ])
  expect(pages.map((page) => page.status).sort()).toEqual([303, 404])
})

test('known and unknown addresses are answered alike, and the unknown gets no mail', async () => {
  await app.visitor().signUp('known@example.com')
  const known = await app.visitor().post('/forgot-password', { email: 'known@example.com' })
  const unknown = await app.visitor().post('/forgot-password', { email: 'unknown@example.com' })
  const odd = await app.visitor().post('/forgot-password', { email: 'not an address' })
  await app.runMailJobs()
  expect(known.html).toBe(unknown.html)
  expect(known.html).toBe(odd.html)
  expect(app.mailsTo('known@example.com')).toHaveLength(1)
  expect(app.mailsTo('unknown@example.com')).toEqual([])
})

test('nobody can flood a mailbox through the form', async () => {
  await app.visitor().signUp('flooded@example.com')
  for (let i = 0; i < 8; i++) await app.visitor().post('/forgot-password', { email: 'flooded@example.com' })
  await app.runMailJobs()
  expect(app.mailsTo('flooded@example.com').length).toBeLessThanOrEqual(5)
})

test('no table holds a token that was mailed, before or after it was sent', async () => {
  await app.visitor().signUp('secret@example.com')
  await app.visitor().post('/forgot-password', { email: 'secret@example.com' })
  const waiting = await app.database.dump()
  const link = await resetLink('secret@example.com')
  const token = link.split('/').at(-1) ?? ''
  expect(token.length).toBeGreaterThan(20)
  expect(waiting).not.toContain(token)
  expect(await app.database.dump()).not.toContain(token)
})

test('an old link is refused', async () => {
  await app.visitor().signUp('late@example.com')
  const link = await resetLink('late@example.com')
  await app.database.expireVerifications()
  expect((await app.visitor().post(link, { password: newPassword })).status).toBe(404)
})

test('changing the password asks for the old one and ends the other sessions', async () => {
  const here = app.visitor()
  await here.signUp('change@example.com')
  const there = app.visitor()
  await there.signIn('change@example.com')
  const wrong = await here.post('/account/password', { current_password: 'not the old one', password: newPassword })
  expect(wrong.status).toBe(422)
  expect(wrong.text).toContain('This is not your current password')
  const done = await here.post('/account/password', { current_password: 'a long enough password', password: newPassword })
  expect(done.location).toBe('/account?saved=password')
  expect((await here.get('/account')).status).toBe(200)
  expect((await there.get('/account')).location).toMatch(/^\/sign-in/)
})

test('signing out elsewhere keeps this session; the name is what the log says from then on', async () => {
  const here = app.visitor()
  await here.signUp('name@example.com')
  const there = app.visitor()
  await there.signIn('name@example.com')
  expect((await here.get('/account')).text).toContain('signed in at one other place')
  await here.post('/account/sign-out-elsewhere')
  expect((await there.get('/account')).location).toMatch(/^\/sign-in/)
  expect((await here.post('/account/name', { name: ' Ada 👩‍💻 ' })).status).toBe(303)
  expect((await here.get('/account')).html).toContain('value="Ada 👩‍💻"')
  expect((await here.post('/account/name', { name: 'x\u202eevil' })).status).toBe(422)
})
