import { globSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inviteMember } from '../../src/features/organisations/invite-member.ts'
import { memberAdd, orgCreate } from '../../src/features/organisations/organisations.cli.ts'
import { asUser } from '../as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { mailedPath, password, signUp, textOf } from '../people.ts'

let product: TestProduct
let confirmed: TestProduct
beforeAll(async () => {
  product = await makeProduct()
  confirmed = await makeProduct({ SMTP_URL: 'smtp://127.0.0.1:9' }, product)
})
afterAll(async () => {
  await confirmed.close()
  await product.close()
})

const visitor = (at = product) => asUser(at, undefined)
const common = ['1234567890', 'qwertyuiop', 'password123', 'aaaaaaaaaa', '          ', 'queueup2026']
/** In capitals: as it is kept, an address stands in tables, where the tests suffer no password that was typed. */
const about = (email: string) => [...common, email.toUpperCase(), `${email.split('@')[0]}20262026`]
const refused = /This password is (too common|little more than)/

test('signing up refuses them, with the sentence beside the field, and makes no account', async () => {
  for (const typed of about('grace@example.com')) {
    const page = await (await visitor()).post('/sign-up', { email: 'grace@example.com', password: typed })
    expect([typed, page.status, textOf(page.html)]).toEqual([typed, 422, expect.stringMatching(refused)])
  }
  expect((await (await visitor()).post('/sign-up', { email: 'grace@example.com', password })).status).toBe(303)
})

test('so it does where accounts are confirmed by mail, before the mail and behind its link', async () => {
  await signUp(product, 'first@example.com')
  const email = 'hopper@example.com'
  for (const typed of about(email))
    expect([typed, (await (await visitor(confirmed)).post('/sign-up', { email, password: typed })).status]).toEqual([
      typed,
      422,
    ])
  expect((await (await visitor(confirmed)).post('/sign-up', { email, password })).status).toBe(200)
  const link = await mailedPath(confirmed, email, 'confirm-sign-up')
  // In another browser, which does not hold the password that was chosen.
  const elsewhere = await visitor(confirmed)
  for (const typed of about(email)) {
    const page = await elsewhere.post(link, { password: typed })
    expect([typed, page.status, textOf(page.html)]).toEqual([typed, 422, expect.stringMatching(refused)])
  }
  expect((await elsewhere.post(link, { password })).location).toBe('/')
})

test('changing a password refuses them, and the own name', async () => {
  const user = await signUp(product, 'katherine@example.com')
  await user.post('/account/name', { name: 'Katherine Johnson' })
  for (const typed of [...about('katherine@example.com'), 'KatherineJohnson62', 'johnson1234567']) {
    const page = await user.post('/account/password', { current_password: password, password: typed })
    if (page.status === 429) throw new Error('the test asks too often')
    expect([typed, page.status, textOf(page.html)]).toEqual([typed, 422, expect.stringMatching(refused)])
  }
})

test('a mailed link refuses them and is good still', async () => {
  await signUp(product, 'dorothy@example.com')
  await (await visitor()).post('/forgot-password', { email: 'dorothy@example.com' })
  const link = await mailedPath(product, 'dorothy@example.com', 'reset-password')
  for (const typed of about('dorothy@example.com')) {
    const page = await (await visitor()).post(link, { password: typed })
    expect([typed, page.status, textOf(page.html)]).toEqual([typed, 422, expect.stringMatching(refused)])
  }
  expect((await (await visitor()).post(link, { password: 'a wholly new password' })).status).toBe(303)
})

test('an invited person is refused them too', async () => {
  const organisation = await makeOrganisation(product, 'team')
  await inviteMember(organisation.ctx, { email: 'mary@example.com', role: 'member' })
  const next = await mailedPath(product, 'mary@example.com', 'invitations')
  for (const typed of about('mary@example.com')) {
    const page = await (await visitor()).post('/sign-up', { email: 'mary@example.com', password: typed, next })
    expect([typed, page.status]).toEqual([typed, 422])
  }
})

test('the operator is refused them on the command line, and nothing is made', async () => {
  const organisation = await makeOrganisation(product, 'team')
  for (const typed of about('annie@example.com')) {
    const owner = { name: 'Easley', ownerEmail: 'annie@example.com', ownerPassword: typed }
    await expect(orgCreate(product.services, owner)).rejects.toThrow(refused)
    const member = { org: organisation.slug, email: 'annie@example.com', password: typed, role: 'member' }
    await expect(memberAdd(product.services, member)).rejects.toThrow(refused)
  }
  const found = await product.services.db.kysely.selectFrom('users').where('email', '=', 'annie@example.com').execute()
  expect(found).toEqual([])
})

test('every file that hashes a password that somebody chose asks the policy', () => {
  const hashing = globSync('src/**/*.{ts,tsx}')
    .filter(
      (path) => !path.includes('.test.') && /\bhashPassword\(|api\.resetPassword\(/.test(readFileSync(path, 'utf8')),
    )
    .filter((path) => !readFileSync(path, 'utf8').includes('requireUncommonPassword('))
  // The check of what was typed to sign in, and the one place that hashes for all.
  expect(hashing).toEqual(['src/features/accounts/check-password.ts', 'src/features/accounts/password-hash.ts'])
})
