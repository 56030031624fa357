import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { dump } from '../../../test/people.ts'
import { makeSecrets, type Secrets } from '../secrets.ts'
import type { Services } from '../services.ts'
import { enqueue, type JobOptions } from './enqueue.ts'
import { runDueJobs } from './run-due-jobs.ts'

let product: TestProduct
let services: Services
beforeAll(async () => {
  product = await makeProduct()
  services = { ...product.services, db: product.database.jobs }
})
afterAll(() => product.close())

const queue = (name: string | JobOptions, payload: unknown, secrets: Secrets = product.services.secrets) =>
  enqueue({ sql: product.services.db.kysely, secrets }, name, payload)
const later = () =>
  sql`update queued_jobs set run_at = clock_timestamp(), leased_until = null`.execute(product.database.owner.kysely)
const waiting = () => product.database.owner.kysely.selectFrom('queued_jobs').select(['name', 'attempts']).execute()

test('a job of a transaction that rolled back is never done', async () => {
  const done: unknown[] = []
  const gone = product.services.db.kysely.transaction().execute(async (transaction) => {
    await enqueue({ sql: transaction, secrets: product.services.secrets }, 'note', { n: 1 })
    throw new Error('changed my mind')
  })
  await expect(gone).rejects.toThrow('changed my mind')
  expect(await runDueJobs(services, { note: async (_, payload) => void done.push(payload) })).toBe(0)
  expect(done).toEqual([])
})

test('what waits in the queue cannot be read from the database', async () => {
  await queue('note', { text: 'a link with a token: 0123456789abcdef' })
  expect(await dump(product)).not.toContain('0123456789abcdef')
  const seen: unknown[] = []
  await runDueJobs(services, { note: async (_, payload) => void seen.push(payload) })
  expect(seen).toEqual([{ text: 'a link with a token: 0123456789abcdef' }])
  expect(await waiting()).toEqual([])
})

test('several processes share the work: each job is done once', async () => {
  for (let n = 0; n < 20; n++) await queue('note', n)
  const seen: unknown[] = []
  const handlers = { note: async (_: Services, payload: unknown) => void seen.push(payload) }
  await Promise.all([runDueJobs(services, handlers), runDueJobs(services, handlers), runDueJobs(services, handlers)])
  expect(seen.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, n) => n))
})

test('a job that fails comes again later, and others do not wait for it', async () => {
  await queue('flaky', 'first')
  await queue('note', 'second')
  const seen: unknown[] = []
  let failures = 0
  const handlers = {
    flaky: async (_: Services, payload: unknown) => {
      if (failures++ === 0) throw new Error('the mail server is away')
      seen.push(payload)
    },
    note: async (_: Services, payload: unknown) => void seen.push(payload),
  }
  await runDueJobs(services, handlers)
  expect(seen).toEqual(['second'])
  expect(await runDueJobs(services, handlers)).toBe(0)
  await later()
  await runDueJobs(services, handlers)
  expect(seen).toEqual(['second', 'first'])
  expect(await waiting()).toEqual([])
})

test('what takes long has a queue of its own, for which nothing else waits', async () => {
  const seen: unknown[] = []
  const handlers = { note: async (_: Services, payload: unknown) => void seen.push(payload) }
  await queue({ name: 'note', queue: 'long' }, 'a whole file')
  await queue('note', 'a mail')
  await runDueJobs(services, handlers, undefined, 'general')
  expect(seen).toEqual(['a mail'])
  await runDueJobs(services, handlers, undefined, 'long')
  expect(seen).toEqual(['a mail', 'a whole file'])
})

test('a job whose worker was killed in the middle is done by the next', async () => {
  await queue('note', 'half done')
  await new Promise<void>((reached) => {
    // Never comes back, as a process that was killed.
    const stuck = () => {
      reached()
      return new Promise<void>(() => undefined)
    }
    void runDueJobs(services, { note: stuck })
  })
  await later()
  const seen: unknown[] = []
  await runDueJobs(services, { note: async (_, payload) => void seen.push(payload) })
  expect(seen).toEqual(['half done'])
})

test('a job queued before SECRET_KEY was rotated is still understood; a foreign one is kept back', async () => {
  await queue('note', 'old', makeSecrets('the key before it was rotated, 32 bytes'))
  const rotated = makeSecrets('the key after it was rotated, 32 bytes', 'the key before it was rotated, 32 bytes')
  const seen: unknown[] = []
  const handlers = { note: async (_: Services, payload: unknown) => void seen.push(payload) }
  await runDueJobs(services, handlers)
  expect([seen, await waiting()]).toEqual([[], [{ name: 'note', attempts: 1 }]])
  await later()
  await runDueJobs({ ...services, secrets: rotated }, handlers)
  expect(seen).toEqual(['old'])
})
