import { createServer } from 'node:net'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../src/platform/db/open-database.ts'
import { asApiKey, asUser } from './as.ts'
import { reportFigure } from './figures.ts'
import { makeApiCaller, makeProduct, secretKey, type TestProduct } from './make.ts'
import { type Relay, serverOf, startRelay } from './relay.ts'
import { startWriters } from './writers.ts'
import { mustBeWrittenOnce } from './written-once.ts'

/** Less than serving processes have, so that a silence is over in seconds. */
const patience = { lockMs: 1_000, statementMs: 700, connectMs: 1_200, silenceMs: 200 }
const maxConnections = 10
let near: TestProduct
/** The same product, far from its database. */
let far: TestProduct
let relay: Relay
const warnings: string[] = []
const noteWarning = ({ message }: Error) => void warnings.push(message)
beforeAll(async () => {
  process.on('warning', noteWarning)
  near = await makeProduct()
  relay = await startRelay(serverOf(near.database.url))
  const another = () =>
    openDatabase({
      url: relay.through(near.database.url),
      role: 'queueup_app',
      maxConnections,
      log: pino({ level: 'silent' }),
      patience,
    })
  far = await makeProduct({}, { ...near, database: { ...near.database, another } })
})
afterAll(async () => {
  await far.close()
  relay.close()
  await near.close()
  process.off('warning', noteWarning)
})

/** Takes connections and never says a word. */
async function startMute() {
  const server = createServer((socket) => void socket.on('error', () => undefined))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return { port: typeof address === 'object' ? address?.port : undefined, close: () => server.close() }
}

/** Everybody at once: 32 who create and 8 who read, through a key and on pages. */
async function makeCrowd() {
  const { organisation, secret, path } = await makeApiCaller(near)
  const owner = await asUser(far, organisation.owner)
  const api = asApiKey(far, secret)
  const seen = { read: 0, refused: 0, wrong: [] as string[], slowestMs: 0, mostHeld: 0, mostConnections: 0 }
  const writers = startWriters(() => far, { key: secret, path }, `crowd-${organisation.slug}`, 32)
  let reading = true
  const reads = Array.from({ length: 8 }, async (_, reader) => {
    while (reading) {
      const began = performance.now()
      const answer = await (reader % 2 === 0 ? api.get(path) : owner.get(`/o/${organisation.slug}/waitlists`))
      seen.slowestMs = Math.max(seen.slowestMs, performance.now() - began)
      seen.mostHeld = Math.max(seen.mostHeld, relay.held())
      seen.mostConnections = Math.max(seen.mostConnections, relay.count())
      if (answer.status === 200) seen.read += 1
      else if (answer.status === 503 && Number(answer.headers.get('retry-after')) >= 1) seen.refused += 1
      else seen.wrong.push(`${answer.status}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })
  return {
    seen,
    writers,
    refused: () => writers.others.get(503) ?? 0,
    acknowledged: () => writers.acknowledged.length,
    async stop() {
      reading = false
      await Promise.all([writers.stop(), ...reads])
      expect([...writers.wrong, ...seen.wrong]).toEqual([])
      // The pool's, one for advisory locks, and those that are being replaced.
      expect(seen.mostHeld).toBeLessThanOrEqual(2 * maxConnections + 1)
      // And what was given up and hangs at the server: fewer than openDatabase promises.
      expect(seen.mostConnections).toBeLessThan(3 * maxConnections + 1)
      await expect.poll(relay.count, { timeout: 20_000 }).toBeLessThanOrEqual(maxConnections + 1)
      expect(warnings).toEqual([])
      const env = { DATABASE_URL: near.database.url, SECRET_KEY: secretKey, DATA_DIR: far.services.config.dataDir }
      await mustBeWrittenOnce(env, near, { slug: organisation.slug, path, key: secret }, writers.acknowledged)
    },
  }
}

function moreAre(count: () => number, by: number, message: string) {
  const before = count()
  return expect.poll(count, { timeout: 30_000, message }).toBeGreaterThan(before + by)
}

test('a database that falls silent, and takes connections without a word, is 503 everywhere, and is taken up again by itself', async () => {
  const mute = await startMute()
  const crowd = await makeCrowd()
  await moreAre(crowd.acknowledged, 100, 'before')
  const before = process.memoryUsage().rss
  relay.leadTo(mute.port)
  relay.fallSilent()
  await moreAre(crowd.refused, 34, 'creates that are refused in silence')
  await moreAre(() => crowd.seen.refused, 9, 'reads that are refused in silence')
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(150)
  relay.leadTo(serverOf(near.database.url))
  await moreAre(crowd.acknowledged, 100, 'after the silence')
  await moreAre(() => crowd.seen.read, 16, 'reads after the silence')
  reportFigure('refused with 503 by a silent database', crowd.refused() + crowd.seen.refused)
  await crowd.stop()
  // Some four waits of a page: for a connection, and for a statement.
  expect(crowd.seen.slowestMs).toBeLessThan(10_000)
  mute.close()
})

test('a database that takes its time for each answer is slow for everybody, holds no more connections, and nothing piles up', async () => {
  const crowd = await makeCrowd()
  await moreAre(crowd.acknowledged, 50, 'before')
  const before = process.memoryUsage().rss
  relay.slowDown(200)
  await moreAre(crowd.acknowledged, 64, 'created although slowly')
  await moreAre(() => crowd.seen.read, 4, 'read although slowly')
  expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(150)
  relay.slowDown(0)
  await moreAre(crowd.acknowledged, 100, 'at full speed again')
  await crowd.stop()
})
