import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { mailsTo, password, signUp } from '../../../test/people.ts'
import { mailboxRule, variantsRule } from './mail-buckets.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1', SMTP_URL: 'smtp://127.0.0.1:1' })
  await signUp(product, 'first@example.com')
})
afterAll(() => product.close())
beforeEach(() => sql`delete from rate_limits`.execute(product.database.owner.kysely))

const visitor = () => asUser(product, undefined)
let place = 0

/** From a network of its own each time, as a botnet would. */
async function askToSignUp(email: string) {
  const from = { 'X-Forwarded-For': `10.${++place >> 8}.${place & 255}.1` }
  expect((await (await visitor()).post('/sign-up', { email, password }, from)).status).toBe(200)
}

async function askAll(ask: (email: string) => Promise<unknown>, count: number, emailOf: (i: number) => string) {
  for (let i = 0; i < count; i++) await ask(emailOf(i))
}

/** How many mails went to emails that match. */
async function countMails(pattern: RegExp): Promise<number> {
  await mailsTo(product, '')
  return product.mails.filter(({ to }) => pattern.test(to)).length
}

/** The i-th of the spellings of an email that differ in dots: the bits of i + 1 say where they stand. */
const dotted = (local: string, domain: string) => (i: number) =>
  `${[...local].map((letter, at) => (at > 0 && ((i + 1) >> (at - 1)) & 1 ? `.${letter}` : letter)).join('')}@${domain}`

test('sign-ups of many variants get no more mails than their allowance, and the plain email still gets its own', async () => {
  await askAll(askToSignUp, variantsRule.burst + 6, (i) => `ada+${i}@example.com`)
  // A token comes back every two minutes.
  expect(await countMails(/^ada\+\d+@/)).toBeLessThanOrEqual(variantsRule.burst + 1)
  expect(await countMails(/^ada\+\d+@/)).toBeGreaterThanOrEqual(variantsRule.burst)
  await askToSignUp('ada@example.com')
  expect(await countMails(/^ada@example/)).toBe(1)
})

test('a single variant has the allowance of any email, and leaves that of the others', async () => {
  await askAll(askToSignUp, mailboxRule.burst + 3, () => 'eve+same@example.com')
  expect(await countMails(/^eve\+same@/)).toBe(mailboxRule.burst)
  await askToSignUp('eve+other@example.com')
  expect(await countMails(/^eve\+other@/)).toBe(1)
})

test('dots make another mailbox at most domains', async () => {
  await askAll(askToSignUp, 12, dotted('grace', 'example.com'))
  expect(await countMails(/^g\.?r\.?a\.?c\.?e@example/)).toBe(12)
})

test('at Gmail, dots and its two domains make one family of variants', async () => {
  const spellings = ['gmail.com', 'googlemail.com'].map((domain) => dotted('linusb', domain))
  await askAll(askToSignUp, variantsRule.burst + 6, (i) => spellings[i % 2]?.(i % 31) ?? '')
  expect(await countMails(/^l[.inusb]+@g/)).toBeLessThanOrEqual(variantsRule.burst + 1)
  await askToSignUp('linusb@gmail.com')
  expect(await countMails(/^linusb@gmail/)).toBe(1)
  await askToSignUp('linusb@googlemail.com')
  expect(await countMails(/^linusb@googlemail/)).toBe(1)
})

test('tags keep no mail from an email whose owner writes it with dots', async () => {
  await askAll(askToSignUp, variantsRule.burst + 3, (i) => `first.last+${i}@${i % 2 ? 'gmail' : 'googlemail'}.com`)
  await askToSignUp('first.last@gmail.com')
  expect(await countMails(/^first\.last@gmail/)).toBe(1)
})

test('a plus at the beginning is part of the email and no tag', async () => {
  await askAll(askToSignUp, variantsRule.burst + 3, (i) => `+team${i}@example.com`)
  expect(await countMails(/^\+team\d+@/)).toBe(variantsRule.burst + 3)
})

test('invitations of many variants are limited, and the plain email is still invited', async () => {
  const owners = []
  for (let i = 0; i < 3; i++) {
    const { slug, owner } = await makeOrganisation(product, 'team')
    const user = await asUser(product, owner)
    owners.push((email: string) => user.post(`/o/${slug}/members/invitations`, { email, role: 'member' }))
  }
  const statuses: number[] = []
  for (let i = 0; i < variantsRule.burst + 4; i++)
    statuses.push((await owners[i % 3]?.(`mary+${i}@example.com`))?.status ?? 0)
  expect(statuses.slice(0, variantsRule.burst)).toEqual(Array(variantsRule.burst).fill(303))
  expect(statuses.slice(-2)).toContain(429)
  expect((await owners[0]?.('mary@example.com'))?.status).toBe(303)
  expect(await countMails(/^mary@/)).toBe(1)
})

test('email changes to many variants are limited, and the plain email still gets its link', async () => {
  const ask = async (emails: string[]) => {
    const user = await asUser(product, (await makeOrganisation(product)).owner)
    for (const email of emails)
      expect((await user.post('/account/email', { email })).location).toBe('/account?saved=email')
  }
  for (let i = 0; i < 7; i++) await ask(Array.from({ length: 5 }, (_, n) => `joan+${i}${n}@example.com`))
  expect(await countMails(/^joan\+/)).toBeLessThanOrEqual(variantsRule.burst + 1)
  await ask(['joan@example.com'])
  expect(await countMails(/^joan@/)).toBe(1)
})

test('forgotten passwords of variants leave the allowance of an account alone', async () => {
  const email = 'first@example.com'
  const ask = async (typed: string) =>
    expect((await (await visitor()).post('/forgot-password', { email: typed })).status).toBe(200)
  await askAll(ask, variantsRule.burst + 3, (i) => `first+${i}@example.com`)
  await ask(email)
  expect((await mailsTo(product, email)).filter(({ text }) => text.includes('/reset-password/'))).toHaveLength(1)
})
