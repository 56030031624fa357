import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { archiveWaitlist } from '../waitlists/archive-waitlist.ts'
import { updateWaitlist } from '../waitlists/update-waitlist.ts'
import { getSubscriber } from './get-subscriber.ts'
import { removeSubscriber } from './remove-subscriber.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

/** A waitlist with people who join through a key; `read` is what a browser without an account gets. */
async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const { secret } = await makeApiKey(organisation)
  const join = async (email: string, referral_code?: string) => {
    const { json } = await asApiKey(product, secret).post(`/waitlists/${waitlist}/subscribers`, {
      email,
      referral_code,
    })
    const { id, referral_code: code } = json as { id: string; referral_code: string }
    return { id, code, token: (await getSubscriber(organisation.ctx, waitlist, id)).status_token }
  }
  return { organisation, waitlist, join }
}

async function read(token: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${product.url}/s/${token}`, { headers })
  const text = (await answer.text()).replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
  return { status: answer.status, headers: answer.headers, text }
}

test('a status link tells a person their place, what moves them ahead and nothing of who they are', async () => {
  const { organisation, waitlist, join } = await setUp()
  await join('first@example.com')
  const person = await join('ada@example.com')
  for (const email of ['c@example.com', 'd@example.com', 'e@example.com']) await join(email)
  const before = await read(person.token)
  expect(before.status).toBe(200)
  expect(before.text).toMatch(/ 2 One person before you\. 3 people behind you\./)
  expect(before.text).toContain('Nobody has joined with it yet.')
  expect(before.text).not.toContain('ada@')
  expect(before.headers.get('x-robots-tag')).toBe('noindex')
  expect(before.headers.get('cache-control')).toBe('no-store')

  await join('friend@example.com', person.code)
  expect((await read(person.token)).text).toMatch(
    / 1 You are next\. 5 people behind you\..* One person joined with it so far\./,
  )
  const page = await (await asUser(product, organisation.owner)).get(
    `/o/${organisation.slug}/waitlists/${waitlist}/subscribers/${person.id}`,
  )
  expect(page.html).toContain(`href="/s/${person.token}"`)
})

test('it reads and sets no cookie, whoever looks', async () => {
  const { organisation, join } = await setUp()
  const { token } = await join('ada@example.com')
  const user = await asUser(product, organisation.owner)
  const { headers, html } = await user.get(`/s/${token}`)
  expect([headers.get('set-cookie'), html.includes(organisation.owner.email)]).toEqual([null, false])
})

test('no other token opens anything: cut off, guessed, or put together from two', async () => {
  const { join, waitlist } = await setUp()
  const [ada, eve] = [await join('ada@example.com'), await join('eve@example.com')]
  const other = await (await setUp()).join('ada@example.com')
  expect(ada.token.slice(0, 18)).toBe(waitlist.slice(3) + ada.code)
  const flipped = ada.token.slice(0, -1) + (ada.token.endsWith('0') ? '1' : '0')
  const guesses = [
    ...[flipped, ada.token.slice(0, -1), `${ada.token}0`, ada.token.toUpperCase(), ada.token.slice(0, 18)],
    ...[ada.token.slice(0, 18) + eve.token.slice(18), ada.token.slice(0, 12) + other.token.slice(12)],
    ...[
      other.token.slice(0, 12) + ada.token.slice(12),
      `${waitlist.slice(3)}OOOOOO${ada.token.slice(18)}`,
      '0'.repeat(50),
    ],
    ...["'", '%00', '%F0%9F%98%80', 'x'.repeat(3_000)],
  ]
  const answers = await Promise.all(guesses.map((guess) => read(guess)))
  expect(answers.map(({ status }) => status)).toEqual(guesses.map(() => 404))
  expect(new Set(answers.slice(0, 10).map(({ text }) => text.replace(/Request id.*/, ''))).size).toBe(1)
  expect((await read(ada.token)).status).toBe(200)
})

test('it ends when the person leaves, sleeps while referrals are off, and says when the waitlist is closed', async () => {
  const { organisation, waitlist, join } = await setUp()
  const [ada, eve] = [await join('ada@example.com'), await join('eve@example.com')]
  await removeSubscriber(organisation.ctx, waitlist, eve.id)
  expect((await read(eve.token)).status).toBe(404)
  const setup = { name: 'Beta', description: '', skip_amount: '5' }
  await updateWaitlist(organisation.ctx, waitlist, { ...setup, referrals_enabled: '' })
  expect((await read(ada.token)).status).toBe(404)
  await updateWaitlist(organisation.ctx, waitlist, { ...setup, referrals_enabled: 'on' })
  const open = (await read(ada.token)).text
  expect([open.includes('is closed'), open.includes('Move ahead')]).toEqual([false, true])
  await archiveWaitlist(organisation.ctx, waitlist)
  const closed = (await read(ada.token)).text
  expect([closed.includes('This waitlist is closed'), closed.includes('Move ahead')]).toEqual([true, false])
  await sql`update organisations set deleted_at = now() where id = ${organisation.id}`.execute(
    product.database.owner.kysely,
  )
  expect((await read(ada.token)).status).toBe(404)
})

test('whoever has not confirmed yet has no place', async () => {
  const { organisation, join } = await setUp()
  const { id, token } = await join('ada@example.com')
  await sql`update subscribers set state = 'pending' where organisation_id = ${organisation.id} and id = ${id}`.execute(
    product.database.owner.kysely,
  )
  expect((await read(token)).text).toContain('Not in line yet: confirm your e-mail address first')
})
