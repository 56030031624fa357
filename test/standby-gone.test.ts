import { rmSync } from 'node:fs'
import pino from 'pino'
import { afterAll, expect, test } from 'vitest'
import { openDatabase } from '../src/platform/db/open-database.ts'
import { asApiKey } from './as.ts'
import { reportFigure } from './figures.ts'
import { makeApiCaller, makeProduct, secretKey } from './make.ts'
import { makeDataDir, runCli } from './processes.ts'
import { startReplicatedPostgres } from './replicated-postgres.ts'
import { startWriters } from './writers.ts'
import { mustBeWrittenOnce } from './written-once.ts'

/** Less than serving processes have, so that much is given up in seconds. */
const patience = { lockMs: 500, statementMs: 700, connectMs: 1_200, silenceMs: 200 }
const maxConnections = 5
const cleanUps: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
})

/** A product whose every commit waits for a standby. */
async function startOnPair() {
  const pair = await startReplicatedPostgres()
  cleanUps.push(() => pair.remove())
  const env = { DATABASE_URL: pair.primary.url, SECRET_KEY: secretKey, DATA_DIR: makeDataDir() }
  cleanUps.push(() => rmSync(env.DATA_DIR, { recursive: true, force: true }))
  expect((await runCli(env, 'migrate')).code).toBe(0)
  const beside = await makeProduct()
  cleanUps.push(() => beside.close())
  const log = pino({ level: 'silent' })
  const another = () => openDatabase({ url: env.DATABASE_URL, role: 'queueup_app', maxConnections, log, patience })
  const product = await makeProduct({}, { ...beside, database: { ...beside.database, another } })
  cleanUps.push(() => product.close())
  return { pair, env, product }
}

test('while the only synchronous standby is gone nothing is acknowledged, few connections hang, and all goes on with it', {
  timeout: 120_000,
}, async () => {
  const { pair, env, product } = await startOnPair()
  const callers = await Promise.all(Array.from({ length: 25 }, () => makeApiCaller(product)))
  const crowd = callers.map(({ secret, path, organisation }) =>
    startWriters(() => product, { key: secret, path }, organisation.slug, 2),
  )
  const sum = (count: (writers: (typeof crowd)[number]) => number) => () => crowd.reduce((n, one) => n + count(one), 0)
  const acknowledged = sum((writers) => writers.acknowledged.length)
  const refused = sum((writers) => writers.others.get(503) ?? 0)
  const moreAre = (count: () => number, by: number) => {
    const before = count()
    return expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(before + by)
  }
  const hanging = async () => {
    const text = "select count(*)::int as hanging from pg_stat_activity where wait_event = 'SyncRep'"
    return (await pair.primary.query<{ hanging: number }>(text))[0]?.hanging ?? 0
  }
  await moreAre(acknowledged, 50)
  pair.part()
  await moreAre(refused, 50)
  const before = acknowledged()
  // Each organisation's next create would leave one more of them.
  await moreAre(refused, 150)
  expect(acknowledged()).toBe(before)
  expect(await hanging()).toBeGreaterThanOrEqual(maxConnections)
  expect(await hanging()).toBeLessThan(2 * maxConnections)
  pair.rejoin()
  await moreAre(acknowledged, 200)
  await Promise.all(crowd.map((writers) => writers.stop()))
  expect(crowd.flatMap(({ wrong }) => wrong)).toEqual([])
  reportFigure('refused with 503 while a standby was gone', refused())
  for (const [i, { organisation, path, secret }] of callers.entries()) {
    const emails = crowd[i]?.acknowledged ?? []
    const { json } = await asApiKey(product, secret).get(`${path}?limit=200`)
    const listed = json.items.map(({ email }: { email: string }) => email)
    expect(emails.filter((email) => !listed.includes(email))).toEqual([])
    if (i === 0) await mustBeWrittenOnce(env, product, { slug: organisation.slug, path, key: secret }, emails)
  }
})
