import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation, 'Launch')
  const user = await asUser(product, organisation.owner)
  const base = `/o/${organisation.slug}/waitlists`
  const api = asApiKey(product, (await makeApiKey(organisation)).secret)
  const join = (email: string, more = {}) => api.post(`/waitlists/${waitlist}/subscribers`, { email, ...more })
  return { organisation, waitlist, user, base, join }
}

/** A waitlist's row, as its labels name the cells. */
function rowOf(html: string, name: string): Record<string, string> {
  const row = [...html.matchAll(/<tr>.*?<\/tr>/gs)].find(([text]) => text.includes(`<bdi>${name}</bdi>`))?.[0] ?? ''
  const cells = [...row.matchAll(/<td[^>]* data-label="([^"]*)"[^>]*>(.*?)<\/td>/gs)]
  return Object.fromEntries(cells.map(([, label, cell]) => [label, textOf(cell ?? '').trim()]))
}

/** People straight into the table, numbered on, each a day before the one before, beginning with yesterday. */
async function joinDaysAgo({ id }: { id: string }, waitlist: string, days: number) {
  await sql`insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, added_at, referral_code)
    select ${id}, ${waitlist}, c.last_join_number + n, c.last_join_number + n, n::text, n::text, 'active', now(),
      ((now() at time zone 'UTC')::date - n * interval '1 day') at time zone 'UTC' + interval '23 hours', 'C' || n
    from generate_series(1, ${days}) n, waitlist_counters c where c.organisation_id = ${id} and c.waitlist_id = ${waitlist}`.execute(
    product.database.owner.kysely,
  )
}

test('the list says who joined in total, in the last 7 days and in the last 30, however they came and whatever date they brought', async () => {
  const { organisation, waitlist, user, base, join } = await setUp()
  await makeWaitlist(organisation, 'Nobody yet')
  for (let i = 0; i < 3; i++) await join(`p${i}@example.com`)
  const earlier = await join('e@example.com', { joined_at: '2020-01-01T00:00:00Z' })
  expect(earlier.json.joined_at).toContain('2020')
  await joinDaysAgo(organisation, waitlist, 30)
  const { html } = await user.get(base)
  // Yesterday back to 29 days ago; the thirtieth has gone by.
  expect(html).toContain('role="img" aria-label="33 joined in the last 30 days (UTC), 4 on the busiest, 4 today"')
  expect(html.match(/<svg class="plot".*?<\/svg>/s)?.[0].match(/<rect/g)).toHaveLength(30)
  expect(rowOf(html, 'Launch')).toMatchObject({ Joined: '34', 'Last 7 days': '+10', Active: '34', Removed: '0' })
  expect(rowOf(html, 'Nobody yet')).toMatchObject({ Joined: '0', 'Last 7 days': '0', 'Last 30 days': 'Nobody' })
  expect(html).not.toContain('style=')
  const stranger = await makeOrganisation(product)
  const { html: theirs } = await (await asUser(product, stranger.owner)).get(`/o/${stranger.slug}/waitlists`)
  expect(theirs).not.toContain('joined in')
})

test('removed people leave the active ones, stay joined, and joining twice counts once', async () => {
  const { organisation, waitlist, user, base, join } = await setUp()
  for (const email of ['a@example.com', 'A@example.com', 'b@example.com', 'c@example.com', 'd@example.com'])
    await join(email)
  await user.post(`${base}/${waitlist}/subscribers/1/remove`)
  await sql`update subscribers set state = 'pending' where organisation_id = ${organisation.id} and join_number = 2`.execute(
    product.database.owner.kysely,
  )
  const { html } = await user.get(base)
  expect(rowOf(html, 'Launch')).toMatchObject({
    Joined: '4',
    Active: '2 1 pending',
    Removed: '1',
    'Last 7 days': '+4',
  })
})

test('a waitlist’s ID is on its own page with a Copy button, and in no column of the list', async () => {
  const { waitlist, user, base } = await setUp()
  expect(textOf((await user.get(base)).html)).not.toContain(waitlist)
  const { html } = await user.get(`${base}/${waitlist}`)
  const [, target] = new RegExp(`<code id="([^"]+)">${waitlist}</code>`).exec(html) ?? []
  expect(html).toContain(`data-copy="${target}"`)
  expect((await user.get(`${base}/${waitlist}/setup`)).html).toContain(`value="${waitlist}"`)
})
