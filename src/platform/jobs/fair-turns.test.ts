import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import type { Services } from '../services.ts'
import { enqueue } from './enqueue.ts'
import { type JobHandlers, runDueJobs } from './run-due-jobs.ts'

let product: TestProduct
let services: Services
beforeAll(async () => {
  product = await makeProduct()
  services = { ...product.services, db: product.database.jobs }
})
afterAll(() => product.close())
beforeEach(() => sql`delete from queued_jobs`.execute(product.database.owner.kysely))

const within = () => ({ sql: product.services.db.kysely, secrets: product.services.secrets })
const queue = (fairnessKey: string, ...payloads: unknown[]) =>
  enqueue(within(), { name: 'note', fairnessKey }, ...payloads)
const numbered = (key: string, count: number, from = 1) => Array.from({ length: count }, (_, i) => `${key}${from + i}`)

/** Does what is queued, and answers in which order; `also` runs within each job. */
async function work(also: (payload: string) => Promise<unknown> = async () => undefined): Promise<string[]> {
  const seen: string[] = []
  const note: JobHandlers[string] = async (_, payload) => {
    seen.push(String(payload))
    await also(String(payload))
  }
  await runDueJobs(services, { note })
  return seen
}

test('a job waits behind one of each other key, however many they have queued before', async () => {
  await queue('a', ...numbered('a', 50))
  await queue('b', ...numbered('b', 50))
  await queue('c', 'c1')
  const seen = await work()
  expect(seen.indexOf('c1')).toBe(2)
  expect(seen.slice(3, 7)).toEqual(['a2', 'b2', 'a3', 'b3'])
  expect(seen).toHaveLength(101)
})

test('a key that comes while others are served begins where they are, and does not overtake for what it missed', async () => {
  await queue('a', ...numbered('a', 10))
  const seen = await work(async (payload) => {
    if (payload === 'a5') await queue('b', ...numbered('b', 5))
  })
  expect(seen.slice(4, 9)).toEqual(['a5', 'a6', 'b1', 'a7', 'b2'])
})

test('work that queues its own next part takes turns with everything else', async () => {
  const parts = { a: 4, b: 4 }
  await queue('a', ...numbered('a', 20))
  await queue('b', 'b1')
  const seen = await work(async (payload) => {
    if (payload.startsWith('b') && parts.b-- > 1) await queue('b', `b${5 - parts.b}`)
  })
  expect(seen.slice(0, 8)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'a4', 'b4'])
})

test('keys that are made up anew for each job starve nobody', async () => {
  await queue('a', ...numbered('a', 3))
  let made = 0
  const seen = await work(async () => {
    if (made < 30) await queue(`new ${made}`, `n${++made}`)
  })
  expect(seen.indexOf('a2')).toBeLessThan(4)
  expect(seen.indexOf('a3')).toBeLessThan(8)
})

/** Two organisations that were never seen before queue a job with every job that is done, so that one always waits. */
async function workUnderStream(claims: number): Promise<string[]> {
  let made = 0
  const arrive = () => queue(`new ${made}`, `n${++made}`)
  await arrive()
  await arrive()
  return work(async () => {
    if (made < claims) await arrive()
    if (made < claims) await arrive()
  })
}
const waitedMinutes = (minutes: number) =>
  sql`update queued_jobs set run_at = run_at - ${minutes} * interval '1 minute'`.execute(product.database.owner.kysely)

test('under a steady stream of new keys, of the jobs that wait for more than a minute every other claim does the oldest', async () => {
  await queue('a', ...numbered('a', 20))
  await waitedMinutes(2)
  const seen = await workUnderStream(200)
  const ofA = seen.filter((one) => one.startsWith('a'))
  expect(ofA).toEqual(numbered('a', 20))
  expect(seen.indexOf('a20')).toBeLessThanOrEqual(2 * 20)
  // The others still have at least half of the claims.
  expect(seen.slice(0, 40).filter((one) => one.startsWith('n')).length).toBeGreaterThanOrEqual(19)
})

test('the oldest comes first whatever its key, and jobs of one moment in the order of their numbers', async () => {
  await queue('b', 'b1')
  await waitedMinutes(3)
  await queue('a', ...numbered('a', 3))
  await waitedMinutes(2)
  await queue('c', 'c1')
  const { rows } = await sql<{ payload: Buffer }>`
    select (claim_job('general', 120, 60)).payload from generate_series(1, 5)`.execute(product.database.owner.kysely)
  const seen = rows.map(({ payload }) => JSON.parse(product.services.secrets.open('job', payload) ?? ''))
  expect(seen).toEqual(['b1', 'a1', 'a2', 'a3', 'c1'])
})

test('a flood that has waited for long leaves every other claim to the fair turns', async () => {
  await queue('a', ...numbered('a', 50))
  await waitedMinutes(10)
  await queue('b', 'b1')
  await queue('c', 'c1')
  const seen = await work()
  expect(Math.max(seen.indexOf('b1'), seen.indexOf('c1'))).toBeLessThan(6)
})

test('a job that failed takes a turn of its key again when it is due, and holds nobody up till then', async () => {
  await queue('a', 'bad')
  await queue('b', ...numbered('b', 3))
  const seen: unknown[] = []
  const note: JobHandlers[string] = async (_, payload) => {
    if (payload === 'bad' && !seen.includes('bad again')) {
      seen.push('bad again')
      throw new Error('the mail server is away')
    }
    seen.push(payload)
  }
  await runDueJobs(services, { note })
  expect(seen).toEqual(['bad again', 'b1', 'b2', 'b3'])
  await queue('b', ...numbered('b', 3, 4))
  await sql`update queued_jobs set run_at = clock_timestamp()`.execute(product.database.owner.kysely)
  await runDueJobs(services, { note })
  expect(seen.indexOf('bad')).toBeLessThan(6)
})

test('jobs that an older version has queued are done too', async () => {
  await queue('a', ...numbered('a', 3))
  await sql`update queued_jobs set turn = null, fairness_key = '', queue = 'general'`.execute(
    product.database.owner.kysely,
  )
  expect((await work()).toSorted()).toEqual(['a1', 'a2', 'a3'])
})

test('several processes do each job once, and each key has its turns', async () => {
  await queue('a', ...numbered('a', 60))
  await queue('b', ...numbered('b', 5))
  const seen: string[] = []
  const note: JobHandlers[string] = async (_, payload) => void seen.push(String(payload))
  await Promise.all(Array.from({ length: 3 }, () => runDueJobs(services, { note })))
  expect(seen.toSorted()).toEqual([...numbered('a', 60), ...numbered('b', 5)].toSorted())
  expect(Math.max(...numbered('b', 5).map((one) => seen.indexOf(one)))).toBeLessThan(20)
})

test('neither users nor networks can be read from the keys', async () => {
  await queue('usr_somebody', 1)
  const { fairness_key } = await product.database.owner.kysely
    .selectFrom('queued_jobs')
    .select('fairness_key')
    .executeTakeFirstOrThrow()
  expect(fairness_key).toMatch(/^[\w-]{22}$/)
})

test('with 100,000 jobs of 1,000 keys the next is found by a few pages of the indexes, and so is a turn', async () => {
  await sql`insert into queued_jobs (name, payload, queue, fairness_key, turn)
    select 'note', '', 'general', 'key ' || n % 1000, n / 1000 from generate_series(0, 99999) n`.execute(
    product.database.owner.kysely,
  )
  await sql`analyze queued_jobs`.execute(product.database.owner.kysely)
  const pagesOf = async (statement: string) => {
    const { rows } = await sql
      .raw<Record<string, string>>(`explain (analyze, buffers, timing off) ${statement}`)
      .execute(product.database.owner.kysely)
    const text = rows.map((row) => row['QUERY PLAN']).join('\n')
    const [, hit = '0', read = '0'] = /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(text) ?? []
    return Number(hit) + Number(read)
  }
  await pagesOf(`select * from claim_job('general', 120)`)
  expect(await pagesOf(`select * from claim_job('general', 120)`)).toBeLessThan(100)
  await pagesOf(`select * from claim_job('general', 120, 0)`)
  expect(await pagesOf(`select * from claim_job('general', 120, 0)`)).toBeLessThan(100)
  expect(await pagesOf(`select next_job_turn('general', 'key 7')`)).toBeLessThan(100)
  expect(await pagesOf(`select next_job_turn('general', 'a new key')`)).toBeLessThan(100)
})
