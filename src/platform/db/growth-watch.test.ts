import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { GrowthWatch } from './growth-watch.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
  // On this cluster nobody but the product itself gathers statistics.
  await sql`alter table subscribers set (autovacuum_enabled = off)`.execute(product.database.owner.kysely)
})
afterAll(() => product.close())

async function knownPeople(): Promise<number> {
  const { rows } = await sql<{ known: number }>`
    select reltuples::integer as known from pg_class where oid = 'subscribers'::regclass`.execute(
    product.database.owner.kysely,
  )
  return rows[0]?.known ?? 0
}

test('the planner learns of a list that fills quickly after the first few hundred people, and again as it doubles', async () => {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const api = asApiKey(product, (await makeApiKey(organisation)).secret)
  const join = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, i) =>
        api.post(`/waitlists/${waitlist}/subscribers`, { email: `p${from + i}@example.com` }),
      ),
    )
  expect(await knownPeople()).toBeLessThanOrEqual(0)
  await join(0, 300)
  await expect.poll(knownPeople).toBeGreaterThanOrEqual(250)
  await join(300, 1_300)
  await expect.poll(knownPeople).toBeGreaterThanOrEqual(500)
})

test('who joined is filed for the search soon after, without a search or a vacuum', async () => {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const api = asApiKey(product, (await makeApiKey(organisation)).secret)
  const client = new pg.Client({ connectionString: product.database.url })
  await client.connect()
  await client.query('create extension pgstattuple')
  const waiting = async () => {
    const { rows } = await client.query<{ count: string }>(
      `select pending_tuples as count from pgstatginindex('subscribers_search')`,
    )
    return Number(rows[0]?.count)
  }
  await api.post(`/waitlists/${waitlist}/subscribers`, { email: 'lately@example.com' })
  await expect.poll(waiting, { timeout: 20_000 }).toBe(0)
  await client.end()
  expect((await api.get(`/waitlists/${waitlist}/subscribers?q=LATELY`)).json.total).toBe(1)
})

test('the application role may ask for it, and everybody at once is harmless', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      product.services.db.run({ name: 'learn_statistics', text: 'select learn_statistics()' }, []),
    ),
  )
  expect(answers).toHaveLength(8)
})

test('whoever joins while others are being filed is filed after them, also when nobody joins any more', async () => {
  vi.useFakeTimers()
  try {
    const ending: (() => void)[] = []
    let filings = 0
    const run = (statement: { name: string }) => {
      if (statement.name !== 'file_search_entries') return Promise.resolve([])
      filings += 1
      return new Promise<never[]>((resolve) => ending.push(() => resolve([])))
    }
    const growth = new GrowthWatch({ ...product.services.db, run }, product.services.log)
    growth.added(2_000)
    growth.added(1)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(filings).toBe(1)
    ending.shift()?.()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(filings).toBe(2)
    growth.added(1)
    const closed = growth.close()
    ending.shift()?.()
    await closed
    await vi.advanceTimersByTimeAsync(5_000)
    expect(filings).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})
