import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { explaining } from '../../../test/explaining.ts'
import {
  makeApiKey,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { log, textOf } from '../../../test/people.ts'
import { beginDownload, openTransactions, whenAtRest } from '../../../test/slow-reader.ts'
import type { ApiKeyAttempt } from '../api-keys/api-key-attempt.ts'
import { KeyGate } from '../api-keys/key-gate.ts'
import { SubscriberCreates } from './create-subscriber-through-key.ts'
import { exportSubscribers } from './export-subscribers.ts'
import { listSubscribers, type SubscribersAsked } from './list-subscribers.ts'
import { SubscriberLists } from './list-subscribers-through-key.ts'
import { searchThroughKey } from './search-subscribers-through-key.ts'
import { type SubscriberSort, sortOrders } from './subscriber-sorts.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

/** People straight into the table: every 7th pending, every 5th moved ahead, every 11th of another domain, some gone again. */
async function fill(organisation: TestOrganisation, waitlist: string, people: number): Promise<void> {
  const { kysely } = product.database.owner
  await sql`insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at,
      referral_code, priority_score, referral_count)
    select ${organisation.id}, ${waitlist}, n, n, e, e, case when n % 7 = 0 then 'pending' else 'active' end,
      timestamptz '2026-01-01' + n * interval '1 minute', 'x' || n, case when n % 5 = 0 then n % 30 * 5 else 0 end,
      case when n % 5 = 0 then n % 30 else 0 end
    from (select n, 'Person' || n || case when n % 11 = 0 then '@rare.example' else '@common.example' end as e
          from generate_series(1, ${people}::integer) n) p`.execute(kysely)
  await sql`update organisation_counters set last_subscriber_id = ${people} where organisation_id = ${organisation.id}`.execute(
    kysely,
  )
  await sql`delete from subscribers where waitlist_id = ${waitlist} and id % 13 = 0`.execute(kysely)
  await sql`analyze subscribers`.execute(kysely)
}

/** Everybody in an order, as one statement over the whole table says it. */
async function everybody(waitlist: string, sort: SubscriberSort, needle = '') {
  const order = {
    joined: sql`join_number`,
    '-joined': sql`join_number desc`,
    position: sql`state, line_key, join_number`,
    '-position': sql`state desc, case when state = 'active' then line_key end desc, join_number desc`,
    '-referrals': sql`referral_count desc, join_number`,
  }[sort]
  const pending = sort === 'position' ? sql`state, case when state = 'active' then line_key end, join_number` : order
  const { rows } = await sql<{ id: string; position: number | null }>`
    select id::text, case when state = 'active' then
      row_number() over (partition by state order by line_key, join_number) end as position
    from subscribers where waitlist_id = ${waitlist} and strpos(lower(email), ${needle}) > 0
    order by ${pending}`.execute(product.database.owner.kysely)
  return rows.map(({ id, position }) => [id, needle ? null : position])
}

/** Everybody, page by page, as the links of the pages lead. */
async function leafThrough(organisation: TestOrganisation, waitlist: string, asked: Omit<SubscribersAsked, 'page'>) {
  const seen: (readonly [string, number | null])[] = []
  let after: SubscribersAsked['after']
  for (let page = 1; ; page++) {
    const found = await listSubscribers(organisation.ctx, waitlist, { ...asked, page, after })
    seen.push(...found.items.map((item) => [item.id, asked.needle ? null : item.position] as const))
    after = found.seek?.after
    const isLast = found.seek ? after === undefined : page * asked.limit >= found.total
    if (isLast) return seen
  }
}

const sorts = Object.keys(sortOrders) as SubscriberSort[]

describe('a waitlist of many pages', () => {
  test.for(sorts)('shows everybody exactly once in the order %s, each with their place', async (sort) => {
    const organisation = await makeOrganisation(product)
    const waitlist = await makeWaitlist(organisation)
    await fill(organisation, waitlist, 700)
    expect(await leafThrough(organisation, waitlist, { sort, limit: 50, needle: '' })).toEqual(
      await everybody(waitlist, sort),
    )
    expect(await leafThrough(organisation, waitlist, { sort, limit: 7, needle: 'RARE' })).toEqual(
      await everybody(waitlist, sort, 'rare'),
    )
  })

  test('leads back by the same pages from its end', async () => {
    const organisation = await makeOrganisation(product)
    const waitlist = await makeWaitlist(organisation)
    await fill(organisation, waitlist, 300)
    const all = (await everybody(waitlist, '-referrals')).map(([id]) => id)
    const asked = { sort: '-referrals', limit: 40, needle: '' } as const
    const end = { sort_key: 1, join_number: 0 }
    const last = await listSubscribers(organisation.ctx, waitlist, { ...asked, page: 7, before: end })
    const earlier = await listSubscribers(organisation.ctx, waitlist, { ...asked, page: 6, before: last.seek?.before })
    expect([...earlier.items, ...last.items].map((item) => item.id)).toEqual(all.slice(-80))
  })

  test('is sorted by its headings and by a form, and an odd address shows its beginning', async () => {
    const organisation = await makeOrganisation(product)
    const waitlist = await makeWaitlist(organisation)
    await fill(organisation, waitlist, 120)
    const user = await asUser(product, organisation.owner)
    const base = `/o/${organisation.slug}/waitlists/${waitlist}`
    const first = async (address: string) => /subscribers\/(\d+)"/.exec((await user.get(address)).html)?.[1]
    const page = await user.get(base)
    // Who arrived later may have joined earlier, elsewhere: arrival is an order, and that of no column.
    expect(page.html).not.toContain('aria-sort')
    expect(textOf(page.html)).toContain('Order of arrival Latest arrivals first')
    expect(await first(`${base}?sort=-joined`)).toBe('120')
    const byReferrals = await user.get(`${base}?sort=-referrals`)
    expect(byReferrals.html).toContain('aria-sort="descending"')
    const next = /href="([^"]+)" rel="next"/.exec(byReferrals.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const second = await user.get(next)
    expect(textOf(second.html)).toContain('51–100 of 111 subscribers')
    const back = /href="([^"]+)" rel="prev"/.exec(second.html)?.[1]?.replaceAll('&amp;', '&')
    expect(await first(back ?? '')).toBe(await first(`${base}?sort=-referrals`))
    for (const odd of [
      'after=x',
      'after=1.1.1',
      'sort=email',
      'sort=toString',
      'before=-9999999999999999999.1',
      'page=999',
    ])
      expect([odd, (await user.get(`${base}?${odd}`)).status]).toEqual([odd, 200])
  })
})

let long: { organisation: TestOrganisation; waitlist: string } | undefined
async function makeLongWaitlist() {
  if (long) return long
  const organisation = await makeOrganisation(product)
  long = { organisation, waitlist: await makeWaitlist(organisation) }
  await fill(organisation, long.waitlist, 200_000)
  return long
}

test('among 200,000 people no call of the customer API reads or sorts more than a page needs', async () => {
  const { organisation, waitlist } = await makeLongWaitlist()
  const { secret } = await makeApiKey(organisation)
  // As PostgreSQL has it where it is not ours, and nobody has changed it.
  await sql`do $$ begin execute format('alter database %I set random_page_cost = 4', current_database()); end $$`.execute(
    product.database.owner.kysely,
  )
  const explained = explaining(product, organisation.ctx)
  const services = { ...product.services, db: explained.ctx.db }
  const gate = new KeyGate(services)
  const lists = new SubscriberLists(services, gate)
  const creates = new SubscriberCreates(services, gate)
  const found: string[] = []
  const look = async (name: string, maxRows: number, work: () => Promise<unknown>) => {
    await work()
    const { seqScans, mostRows, mostSorted } = explained.since()
    if (seqScans.length > 0 || mostRows > maxRows || mostSorted > 1_000)
      found.push(`${name}: ${seqScans.join()} ${mostRows} rows, ${mostSorted} sorted`)
  }
  const list = (page: number) => () => lists.list({ key: gate.present(secret), waitlistId: waitlist, page, limit: 50 })
  const meta = { requestId: 'req', ip: null, userAgent: null }
  const search = (q: string) => () => {
    const key = gate.present(secret)
    const settle = (attempt: ApiKeyAttempt) => gate.settle(key, attempt, 'subscribers:read', meta, {})
    const never = { signal: () => new AbortController().signal, charge: () => Promise.resolve() }
    const asked = { waitlistId: waitlist, page: 1, limit: 50, q }
    return searchThroughKey({ services, gate, key, settle, ...never }, asked)
  }
  const create = (n: number, referralCode: string | null) => {
    const email = { email: `newcomer${n}@example.com`, canonical: `newcomer${n}@example.com` }
    return creates.create({
      ...{ key: gate.present(secret), waitlistId: waitlist, email, referralCode, joinedAt: null, meta },
      idempotency: { key: `k${n}`, fingerprint: Buffer.alloc(32) },
    })
  }
  for (const page of [1, 1_700, 3_692]) await look(`page ${page}`, 1_200, list(page))
  await look('pages together', 1_200, () => Promise.all([1, 900, 1_700, 3_600].map((page) => list(page)())))
  for (const [needle, maxRows] of Object.entries({ 'nobody-has-this': 100, 'person77777@': 500, 'a@b.cc': 100 }))
    await look(`search ${needle}`, maxRows, search(needle))
  await look('key', 100, () => gate.authorize(gate.present(secret), null))
  const first = await create(0, null)
  explained.since()
  await look('create', 300, () => create(1, JSON.parse(first.body).referral_code))
  await look('64 creates', 1_200, () => Promise.all(Array.from({ length: 64 }, (_, n) => create(n + 2, null))))
  await look('a create again', 300, () => create(1, null))
  expect(found).toEqual([])
  await explained.close()
})

test('among 200,000 people no page, order or search reads or sorts the whole waitlist', async () => {
  const { organisation, waitlist } = await makeLongWaitlist()
  const explained = explaining(product, organisation.ctx)
  const found: string[] = []
  const look = async (asked: Partial<SubscribersAsked>, maxRows: number) => {
    const page = await listSubscribers(explained.ctx, waitlist, { limit: 50, page: 1, needle: '', ...asked })
    const { seqScans, mostRows, mostSorted } = explained.since()
    if (seqScans.length > 0 || mostRows > maxRows || mostSorted > 1_000)
      found.push(`${JSON.stringify(asked)}: ${seqScans.join()} ${mostRows} rows, ${mostSorted} sorted`)
    return page
  }
  for (const sort of sorts) {
    for (const page of [1, 1_700, 3_692]) await look({ sort, page }, 1_200)
    await look({ sort, needle: 'person77777@' }, 6_000)
    const dense = await look({ sort, needle: 'common' }, 6_000)
    expect([dense.isEstimate, dense.items.length]).toEqual([true, 50])
    const ids = (await everybody(waitlist, sort, 'common')).slice(0, 100).map(([id]) => id)
    const next = await look({ sort, needle: 'common', page: 2, after: dense.seek?.after }, 6_000)
    expect([...dense.items, ...next.items].map((item) => item.id)).toEqual(ids)
    // In the middle of an order, and among those with nothing to tell them apart.
    await look({ sort: '-referrals', after: { sort_key: -5, join_number: 100_000 } }, 1_200)
    await look({ sort: '-referrals', after: { sort_key: 0, join_number: 100_000 } }, 1_200)
  }
  expect(found).toEqual([])
  await explained.close()
})

test('of an export whose number of rows is a guess, the log says so', async () => {
  const { organisation, waitlist } = await makeLongWaitlist()
  const { csv } = await exportSubscribers(organisation.ctx, waitlist, { needle: 'common' })
  await csv.return(undefined)
  const rows = await log(product, `/o/${organisation.slug}`)
  expect(rows.at(-1)).toMatchObject({
    action: 'subscriber.exported',
    changes: { after: { searched: true, exported_about: expect.any(Number) } },
  })
})

test('the export of 200,000 people begins at once, waits for whoever reads it, and ends with them', async () => {
  const { organisation, waitlist } = await makeLongWaitlist()
  const user = await asUser(product, organisation.owner)
  const opened = vi.spyOn(product.services.db.kysely, 'transaction')
  const asked = () => opened.mock.calls.length
  const reading = await beginDownload(product, user, `/o/${organisation.slug}/waitlists/${waitlist}/export`)
  expect([reading.status, reading.first]).toEqual([200, expect.stringMatching(/^id,email,/)])
  // Of 185 pages. What was read lies in the kernel's buffers, and nothing of the database is held.
  const atRest = await whenAtRest(asked)
  expect(atRest).toBeLessThan(150)
  await expect.poll(() => openTransactions(product)).toBe(0)
  reading.goAway()
  expect(await whenAtRest(asked)).toBeLessThan(atRest + 5)
  await expect.poll(() => openTransactions(product)).toBe(0)
  opened.mockRestore()
})
