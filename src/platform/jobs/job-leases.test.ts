import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
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
afterEach(() => vi.useRealTimers())

const queue = (fairnessKey: string, payload: string) =>
  enqueue(
    { sql: product.services.db.kysely, secrets: product.services.secrets },
    { name: 'note', queue: 'long', fairnessKey },
    payload,
  )
const setLease = (secondsFromNow: number) =>
  sql`update queued_jobs set leased_until = clock_timestamp() + ${secondsFromNow} * interval '1 second'
    where leased_until is not null`.execute(product.database.owner.kysely)
const kept = async () => {
  const { rows } = await sql<{ attempts: number; leased_for: number | null }>`
    select attempts, extract(epoch from leased_until - clock_timestamp())::float8 as leased_for from queued_jobs order by id`.execute(
    product.database.owner.kysely,
  )
  return rows
}

/** A worker whose job lasts until it is ended, well or not. */
async function begin() {
  let end: (error?: Error) => void = () => undefined
  let running: Promise<number> = Promise.resolve(0)
  await new Promise<void>((begun) => {
    const note: JobHandlers[string] = () =>
      new Promise((done, failed) => {
        end = (error) => (error ? failed(error) : done())
        begun()
      })
    running = runDueJobs(services, { note }, undefined, 'long')
  })
  return { end: (error?: Error) => end(error), ended: () => running }
}

async function workOnce(): Promise<string[]> {
  const seen: string[] = []
  await runDueJobs(services, { note: async (_, payload) => void seen.push(String(payload)) }, undefined, 'long')
  return seen
}

test('the lease of a job that takes long is renewed, so that no other worker claims it meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  await queue('a', 'a whole file')
  const slow = await begin()
  for (let half = 0; half < 3; half++) {
    await setLease(5)
    vi.advanceTimersByTime(60_000)
    await vi.waitFor(async () => expect((await kept())[0]?.leased_for).toBeGreaterThan(60))
    expect(await workOnce()).toEqual([])
  }
  slow.end()
  expect(await slow.ended()).toBe(1)
  expect(await kept()).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

test('a short job of another organisation is done by the next worker while a long one lasts', async () => {
  await queue('a', 'a whole file')
  const slow = await begin()
  await queue('b', 'a short one')
  expect(await workOnce()).toEqual(['a short one'])
  slow.end()
  await slow.ended()
})

test('a worker that lost its lease neither frees nor renews the job of the worker that claimed it since', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  await queue('a', 'a whole file')
  const [first, , second] = [await begin(), await setLease(-1), await begin()]
  expect(await kept()).toMatchObject([{ attempts: 2 }])
  first.end(new Error('the connection was lost'))
  await first.ended()
  const [job] = await kept()
  expect(job?.attempts).toBe(2)
  expect(job?.leased_for).toBeGreaterThan(60)
  expect(await workOnce()).toEqual([])
  second.end()
  await second.ended()
  expect(await kept()).toEqual([])
})
