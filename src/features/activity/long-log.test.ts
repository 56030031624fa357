import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { explain, type PlanNode, type Statement, statementsOn } from '../../../test/explain.ts'
import { makeOrganisation, makeProduct, type TestOrganisation, type TestProduct } from '../../../test/make.ts'
import { beginDownload, openTransactions, whenAtRest } from '../../../test/slow-reader.ts'
import type { ActivityFilter } from './activity-filter.ts'
import { listActivities } from './list-activities.ts'
import { listActors } from './list-actors.ts'

const rows = Number(process.env.LONG_LOG_ROWS ?? 250_000)
const limit = 50

let product: TestProduct
let organisation: TestOrganisation
let client: pg.Client
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  const neighbour = await makeOrganisation(product, 'team')
  client = new pg.Client({ connectionString: product.database.url, options: '-c jit=off' })
  await client.connect()
  // The log's numbers go on from what making the organisation wrote.
  for (const [{ id }, many] of [
    [organisation, rows],
    [neighbour, rows / 10],
  ] as const) {
    await client.query(fill, [id, many])
  }
  await client.query('vacuum analyze')
  await client.query('set role queueup_app')
}, 600_000)
afterAll(async () => {
  await client.end()
  await product.close()
})

/** Six in ten people were added by one key, three joined by themselves and confirmed; the rest is rare, and mostly old. */
const fill = `
  insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets)
  select $1::text, n + 1, now() - ($2::bigint - n) * interval '100 seconds',
    case kind when 0 then 'api_key.created' when 1 then 'waitlist.updated' when 2 then 'plan.changed'
      when 3 then 'subscriber.removed' when 4 then 'subscriber.confirmed' else 'subscriber.joined' end,
    case kind when 2 then 'system' when 4 then 'subscriber' when 5 then 'subscriber' when 6 then 'api_key' when 7 then 'api_key' else 'user' end,
    case kind when 2 then null when 4 then n::text when 5 then n::text when 6 then 'key_quiet' when 7 then 'key_busy'
      when 3 then 'usr_tidy' else 'usr_boss' end,
    'Somebody',
    case when kind = 0 then jsonb_build_array(jsonb_build_object('type', 'api_key', 'id', 'key_' || n))
      when kind = 1 then jsonb_build_array(jsonb_build_object('type', 'waitlist', 'id', 'wl_big', 'name', 'Big'))
      when kind = 2 then jsonb_build_array(jsonb_build_object('type', 'organisation', 'id', $1::text))
      else jsonb_build_array(jsonb_build_object('type', 'subscriber', 'id', n::text),
        jsonb_build_object('type', 'waitlist', 'id', case when n % 20000 = 7 then 'wl_small' else 'wl_big' end, 'name', 'List')) end
  from (
    select n, case when n < 200 and n % 3 = 0 then n % 5 when n % 50000 = 11 then 6 when n % 10 < 6 then 7 when n % 10 < 9 then 5 else 4 end as kind
    from generate_series(1, $2::bigint) n
  ) numbered`

const day = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * day)

/** What the statement read of the log, and that it neither read all of it nor sorted more than a page. */
async function look(statement: Statement): Promise<{ read: number; bad: PlanNode[] }> {
  await client.query('begin')
  await client.query("select set_config('app.organisation_id', $1, true)", [organisation.id])
  const nodes = await explain(client, statement)
  await client.query('rollback')
  const scans = nodes.filter((node) => node['Relation Name'] === 'activities')
  const bad = nodes.filter(
    (node) =>
      (node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'activities') ||
      /Bitmap/.test(node['Node Type']) ||
      (/Sort/.test(node['Node Type']) && (node.Plans?.[0]?.['Actual Rows'] ?? 0) > limit + 1),
  )
  const count = (node: PlanNode) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
  return { read: scans.reduce((sum, node) => sum + count(node), 0), bad }
}

const filters: Record<string, ActivityFilter>[] = [
  {
    'every action': {},
    'a frequent action': { action: 'subscriber.joined' },
    'an old action': { action: 'api_key.created' },
    'an action that never was': { action: 'waitlist.archived' },
  },
  {
    everybody: {},
    'a busy key': { actor: { type: 'api_key', id: 'key_busy' } },
    'a quiet key': { actor: { type: 'api_key', id: 'key_quiet' } },
    'a person': { actor: { type: 'user', id: 'usr_tidy' } },
    'people who join': { actor: { type: 'subscriber' } },
    system: { actor: { type: 'system' } },
  },
  { 'anybody or any key': {}, 'only API keys': { onlyApiKeys: true } },
  {
    'about anything': {},
    'about a big waitlist': { target: 'wl_big' },
    'about a small waitlist': { target: 'wl_small' },
    'about a subscriber': { target: '150007' },
  },
]

const combinations = filters.reduce<[string, ActivityFilter][]>(
  (all, choices) =>
    all.flatMap(([name, filter]) =>
      Object.entries(choices).map(([more, part]): [string, ActivityFilter] => [
        `${name}, ${more}`,
        { ...filter, ...part },
      ]),
    ),
  [['', {}]],
)

const ranges: Record<string, { filter: ActivityFilter; before?: number; keptDays: number | null }> = {
  'newest page': { filter: {}, keptDays: null },
  'a page from the middle of some days, within a year': {
    filter: { from: daysAgo(rows / 864 - 5), until: daysAgo(rows / 864 / 2) },
    before: rows / 2,
    keptDays: 365,
  },
}

for (const [name, range] of Object.entries(ranges)) {
  test(`every filter reads about a page of a long log: ${name}`, async () => {
    const offenders: string[] = []
    let looks = 0
    for (const [words, filter] of combinations) {
      const statements = await statementsOn('activities', () =>
        listActivities(organisation.ctx, { ...range, limit, filter: { ...filter, ...range.filter } }),
      )
      for (const statement of statements) {
        const { read, bad } = await look(statement)
        looks += 1
        if (bad.length > 0 || read > 1_000)
          offenders.push(`${words}: ${read} rows read, ${bad.map((node) => node['Node Type'])} ${statement.text}`)
      }
    }
    expect(offenders).toEqual([])
    // Combinations that nothing can match, such as a person among the keys, ask for nothing.
    expect(looks).toBeGreaterThan(200)
  }, 600_000)
}

test('so does the list of who is in it', async () => {
  const statements = await statementsOn('activities', () => listActors(organisation.ctx, { keptDays: null }))
  expect(statements).toHaveLength(2)
  for (const statement of statements) {
    const { read, bad } = await look(statement)
    expect(bad).toEqual([])
    expect(read).toBeLessThan(40)
  }
})

test('each filter finds what a plain look through the log finds', async () => {
  const everything = (await listActivities(organisation.ctx, { limit: 3_000, keptDays: null })).items
  expect(everything).toHaveLength(3_000)
  const last = everything.at(-1)?.number ?? 0
  for (const [words, filter] of combinations) {
    const { items } = await listActivities(organisation.ctx, { filter, limit: 3_000, keptDays: null })
    const expected = everything.filter(
      ({ action, actor, targets }) =>
        (!filter.action || action === filter.action) &&
        (!filter.actor || (actor.type === filter.actor.type && (!filter.actor.id || actor.id === filter.actor.id))) &&
        (!filter.onlyApiKeys || actor.type === 'api_key') &&
        (!filter.target || targets.some(({ id }) => id === filter.target)),
    )
    const found = items.filter(({ number }) => number >= last)
    expect(
      found.map(({ number }) => number),
      words,
    ).toEqual(expected.map(({ number }) => number))
  }
}, 600_000)

test('pages through more kinds of rows than a page has rows, without losing or repeating one', async () => {
  const wide = await makeOrganisation(product, 'team')
  await sql`insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets)
    select ${wide.id}, n + 1, now(), 'subscriber.joined', 'api_key', 'key_' || n * n % 7, 'Key',
      jsonb_build_array(jsonb_build_object('type', 'subscriber', 'id', n::text),
        jsonb_build_object('type', 'waitlist', 'id', 'wl_' || n * n * n % 83))
    from generate_series(1::bigint, 1500) n`.execute(product.database.owner.kysely)
  const numbers: number[] = []
  for (let before: number | undefined, pages = 0; pages < 200; pages++) {
    const page = await listActivities(wide.ctx, { filter: { onlyApiKeys: true }, before, limit: 20, keptDays: null })
    numbers.push(...page.items.map(({ number }) => number))
    before = page.older
    if (before === undefined) break
  }
  expect(numbers).toEqual(Array.from({ length: 1_500 }, (_, i) => 1_501 - i))
})

test.each(['csv', 'jsonl'])(
  'an export of all of it as %s waits for whoever reads it, and ends with them',
  async (format) => {
    // The log goes on from the rows that lie in it.
    await sql`update organisation_counters c set last_activity_number =
      (select max(number) from activities a where a.organisation_id = c.organisation_id)`.execute(
      product.database.owner.kysely,
    )
    const user = await asUser(product, organisation.owner)
    const opened = vi.spyOn(product.services.db.kysely, 'transaction')
    const asked = () => opened.mock.calls.length
    const reading = await beginDownload(product, user, `/o/${organisation.slug}/activity/export`, { format })
    expect(reading.status).toBe(200)
    // Of a page for each thousand rows.
    const atRest = await whenAtRest(asked)
    expect(atRest).toBeLessThan(rows / 1_000 / 2)
    reading.goAway()
    expect(await whenAtRest(asked)).toBeLessThan(atRest + 5)
    await expect.poll(() => openTransactions(product)).toBe(0)
    opened.mockRestore()
  },
)
