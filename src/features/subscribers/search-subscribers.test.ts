import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import {
  makeApiKey,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'

let product: TestProduct
let organisation: TestOrganisation
let waitlist: string
let emails: string[]
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product)
  waitlist = await makeWaitlist(organisation)
  const name = fc.string({ unit: fc.constantFrom(...'aab12_%.-+é'), minLength: 1, maxLength: 9 })
  const domain = fc.constantFrom('example.com', 'Mail.Example.org', 'bücher.example', 'a-b.co')
  emails = fc
    .sample(fc.tuple(name, domain), { numRuns: 600, seed: 7 })
    .map(([local, at], n) => `${local}${n % 2 ? `.${n}` : ''}@${at}`)
  await fill(organisation, waitlist, emails)
  // People of another list and of another organisation, whom no search of this one finds.
  await fill(organisation, await makeWaitlist(organisation), emails.slice(0, 300))
  const stranger = await makeOrganisation(product)
  await fill(stranger, await makeWaitlist(stranger), emails.slice(300))
})
afterAll(() => product.close())

async function fill({ id }: TestOrganisation, waitlistId: string, people: string[]): Promise<void> {
  await sql`insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, referral_code)
    select ${id}, ${waitlistId}, n, n + (select last_subscriber_id from organisation_counters where organisation_id = ${id}),
           e, n || e, 'active', now(), n
    from unnest(${people}::text[]) with ordinality p(e, n)`.execute(product.database.owner.kysely)
  await sql`update organisation_counters set last_subscriber_id = last_subscriber_id + ${people.length} where organisation_id = ${id}`.execute(
    product.database.owner.kysely,
  )
  await sql`analyze subscribers`.execute(product.database.owner.kysely)
}

const common = async () => {
  const found = await sql<{ trigram: string }>`select trigram from common_trigrams`.execute(
    product.database.owner.kysely,
  )
  return found.rows.map(({ trigram }) => trigram)
}

const learn = () => sql`select learn_common_trigrams()`.execute(product.database.owner.kysely)

test('three letters that very many addresses have are known, and counted again once there are twice as many', async () => {
  await learn()
  const known = await common()
  expect(known).toEqual(expect.arrayContaining(['exa', 'ple', 'com']))
  expect(known).not.toEqual(expect.arrayContaining(['111']))
  await sql`delete from common_trigrams where trigram = 'exa'`.execute(product.database.owner.kysely)
  await learn()
  expect(await common()).not.toContain('exa')
  await sql`update common_trigrams set pages = 1`.execute(product.database.owner.kysely)
  await learn()
  expect(await common()).toContain('exa')
})

test.each([
  ['nothing is known of what is common', sql`delete from common_trigrams`],
  ['what is common has been counted', sql`select learn_common_trigrams()`],
  [
    'all is common',
    sql`insert into common_trigrams select distinct substr(lower(email), i, 3), 1
        from subscribers, generate_series(1, length(email)) i on conflict do nothing`,
  ],
])('a search finds whoever has the text anywhere, and nobody else, while %s', async (_, prepare) => {
  await prepare.execute(product.database.owner.kysely)
  const api = asApiKey(product, (await makeApiKey(organisation)).secret)
  const piece = fc.tuple(fc.nat({ max: emails.length - 1 }), fc.nat({ max: 20 }), fc.integer({ min: 1, max: 12 }))
  const needle = fc.oneof(
    piece.map(([which, from, length]) => (emails[which] ?? '').slice(from, from + length)),
    fc.string({ unit: fc.constantFrom(...'ab1_%.@\\é'), minLength: 1, maxLength: 5 }),
  )
  await fc.assert(
    fc.asyncProperty(
      needle.filter((text) => text.trim() === text && text !== ''),
      async (text) => {
        const { json } = await api.get(`/waitlists/${waitlist}/subscribers?limit=100&q=${encodeURIComponent(text)}`)
        const expected = emails.filter((email) => email.toLowerCase().includes(text.toLowerCase()))
        expect(json.total).toBe(expected.length)
        expect(json.items.map((item: { email: string }) => item.email)).toEqual(expected.slice(0, 100))
      },
    ),
    { numRuns: 120 },
  )
})
