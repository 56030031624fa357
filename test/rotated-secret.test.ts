import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { renewTwoFactorSecrets } from '../src/features/accounts/renew-two-factor-secrets.ts'
import { findTrustedDevice } from '../src/features/accounts/trusted-device.ts'
import { inviteMember } from '../src/features/organisations/invite-member.ts'
import { importSubscribers } from '../src/features/subscribers/import-subscribers.ts'
import { renewRemovalKeys } from '../src/features/subscribers/removed-subscribers.ts'
import { runDueJobs } from '../src/platform/jobs/run-due-jobs.ts'
import { jobHandlers } from '../src/worker.ts'
import { asApiKey, asUser } from './as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, secretKey, type TestProduct } from './make.ts'
import { mailedPath, password, signUp } from './people.ts'
import { secretIn, stopClock, turnOn } from './two-factor.ts'

const next = 'the next secret key for tests, of more than 32 bytes'

let product: TestProduct
/** The next start, which knows both. */
let rotating: TestProduct
/** The start after that, which knows the new one alone. */
let rotated: TestProduct
let clock: ReturnType<typeof stopClock>
beforeAll(async () => {
  product = await makeProduct()
  rotating = await makeProduct({ SECRET_KEY: next, SECRET_KEY_PREVIOUS: secretKey }, product)
  rotated = await makeProduct({ SECRET_KEY: next }, product)
  clock = stopClock(product)
  rotating.services.now = product.services.now
  rotated.services.now = product.services.now
})
afterAll(async () => {
  await rotated.close()
  await rotating.close()
  await product.close()
})

type User = Awaited<ReturnType<typeof asUser>>

/** A browser with the cookies of another process's answers. */
async function moved(user: User, to: TestProduct) {
  const there = await asUser(to, undefined)
  const answer = await there.get('/account', { Cookie: user.cookie() })
  return { status: answer.status, user: there.cookie() ? there : user, there }
}

const inviting = (from: TestProduct, organisation: Awaited<ReturnType<typeof makeOrganisation>>, email: string) =>
  inviteMember({ ...organisation.ctx, ...from.services }, { email, role: 'member' })

test('what lives through it: keys, sessions, two-factor sign-in, links, queued mails, and who was removed', async () => {
  const organisation = await makeOrganisation(product, 'team')
  const keys = { used: await makeApiKey(organisation), resting: await makeApiKey(organisation) }
  const waitlist = await makeWaitlist(organisation)
  const path = `/waitlists/${waitlist}/subscribers`
  const api = asApiKey(product, keys.used.secret)
  const { json: gone } = await api.post(path, { email: 'gone@example.com' })
  const { json: stays } = await api.post(path, { email: 'stays@example.com' }, { 'Idempotency-Key': 'once' })
  const owner = await asUser(product, organisation.owner)
  await owner.post(`/o/${organisation.slug}/waitlists/${waitlist}/subscribers/${gone.id}/remove`)

  const ada = await signUp(product, 'ada@example.com')
  const { secret, codes } = await turnOn(ada, clock)
  await ada.post('/account/email', { email: 'lovelace@example.com' })
  const emailLink = await mailedPath(product, 'lovelace@example.com', 'confirm-email')
  const bob = await signUp(product, 'bob@example.com')
  await bob.post('/forgot-password', { email: 'bob@example.com' })
  const resetLink = await mailedPath(product, 'bob@example.com', 'reset-password')
  await inviting(product, organisation, 'guest@example.com')
  const invitation = await mailedPath(product, 'guest@example.com', 'invitations')
  // This one is still queued when the next process takes over.
  await inviting(product, organisation, 'late@example.com')

  const both = asApiKey(rotating, keys.used.secret)
  expect((await both.get(path)).json.total).toBe(1)
  const again = await both.post(path, { email: 'stays@example.com' }, { 'Idempotency-Key': 'once' })
  expect([again.json, again.headers.get('idempotent-replayed')]).toEqual([stays, 'true'])
  await runDueJobs({ ...rotating.services, db: product.database.jobs }, jobHandlers)
  expect(rotating.mails.map(({ to }) => to)).toContain('late@example.com')

  const movedAda = await moved(ada, rotating)
  expect(movedAda.status).toBe(200)
  expect((await movedAda.there.post(emailLink)).location).toBe('/account?saved=email-confirmed')
  expect((await (await asUser(rotating, undefined)).get(invitation)).status).toBe(200)
  const reset = await (await asUser(rotating, undefined)).post(resetLink, { password: 'a wholly new password' })
  expect(reset.location).toBe('/sign-in?done=password')
  const enter = async (at: TestProduct, code: string) => {
    const visitor = await asUser(at, undefined)
    await visitor.post('/sign-in', { email: 'lovelace@example.com', password })
    return (await visitor.post('/sign-in/code', { code })).location
  }
  expect(await enter(rotating, clock.nextCode(secret))).toBe('/')
  expect(await enter(rotating, codes[0] ?? '')).toBe('/')
  const people = join(product.services.config.dataDir, 'people.csv')
  writeFileSync(people, 'email\ngone@example.com\n')
  const file = (at: TestProduct) => importSubscribers({ ...organisation.ctx, ...at.services }, waitlist, people)
  expect(await file(rotating)).toMatchObject({ added: 0, refused: 1 })

  // What runs by itself, and what was used: nothing of that needs the previous key any more.
  await renewTwoFactorSecrets({ ...rotating.services, db: product.database.jobs })
  await renewRemovalKeys({ ...rotating.services, db: product.database.jobs })
  const versions = () =>
    product.database.owner.kysely
      .selectFrom('api_keys')
      .select(['id', 'secret_version'])
      .orderBy('created_at')
      .execute()
  await vi.waitUntil(async () => (await versions())[0]?.secret_version === rotated.services.secrets.version, {
    timeout: 20_000,
  })
  expect((await asApiKey(rotated, keys.used.secret).get('/key')).status).toBe(200)
  expect((await moved(movedAda.there, rotated)).status).toBe(200)
  expect(await enter(rotated, clock.nextCode(secret))).toBe('/')
  expect(await enter(rotated, codes[1] ?? '')).toBe('/')
  expect(await file(rotated)).toMatchObject({ added: 0, refused: 1 })
  // A key that nobody used meanwhile still waits for the previous one, and is not lost: setting it again wakes it.
  expect((await asApiKey(rotated, keys.resting.secret).get('/key')).status).toBe(401)
  expect((await asApiKey(rotating, keys.resting.secret).get('/key')).status).toBe(200)
})

test('a trusted browser stays trusted through it, and a secret that was shown can still be confirmed', async () => {
  const email = 'grace@example.com'
  const grace = await signUp(product, email)
  const signedIn = await (await asUser(product, undefined)).post('/sign-in', { email, password })
  const device = signedIn.headers.getSetCookie().find((line) => line.includes('trusted_device'))
  const cookies = device?.split(';')[0]
  const found = await findTrustedDevice(product.services, cookies, { email })
  expect(found).toBeDefined()
  const secret = secretIn((await grace.post('/account/two-factor/new')).html)
  const { there } = await moved(grace, rotating)
  expect(await findTrustedDevice(rotating.services, cookies, { email })).toBe(found)
  await (await asUser(rotating, undefined)).post('/sign-in', { email, password }, { Cookie: cookies ?? '' })
  expect(await findTrustedDevice(rotated.services, cookies, { email })).toBe(found)
  await renewTwoFactorSecrets({ ...rotating.services, db: product.database.jobs })
  const { there: later } = await moved(there, rotated)
  await later.get('/account', { Cookie: there.cookie() })
  const page = await later.post('/account/two-factor', { code: clock.nextCode(secret) }, { Cookie: there.cookie() })
  expect(page.status).toBe(201)
})
