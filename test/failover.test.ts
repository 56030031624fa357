import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { reportFigure } from './figures.ts'
import { makeDataDir, makeKeyByCli, type Server, startServer } from './processes.ts'
import { type Relay, startRelay } from './relay.ts'
import { type ReplicatedPostgres, startReplicatedPostgres } from './replicated-postgres.ts'
import { startWriters } from './writers.ts'
import { mustBeWrittenOnce } from './written-once.ts'

let postgres: ReplicatedPostgres | undefined
let relay: Relay | undefined
const servers: Server[] = []
const DATA_DIR = makeDataDir()
afterAll(async () => {
  for (const server of servers) await server.stop()
  relay?.close()
  postgres?.remove()
  rmSync(DATA_DIR, { recursive: true, force: true })
})

test('when the primary is killed under load and the standby takes over, nothing acknowledged is lost and nobody restarts anything', {
  timeout: 120_000,
}, async () => {
  postgres = await startReplicatedPostgres()
  const { primary, standby } = postgres
  relay = await startRelay(primary.port)
  const env = { DATABASE_URL: relay.through(primary.url), SECRET_KEY: 's'.repeat(40), DATA_DIR }
  const made = await makeKeyByCli(env)
  const first = await startServer(env)
  servers.push(first, await startServer({ ...env, WEB_CONCURRENCY: '2' }))
  let turn = 0
  const writers = startWriters(() => servers[turn++ % 2] ?? first, made, 'failover')
  const moreAre = (count: () => number, by: number) => {
    const before = count()
    return expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(before + by)
  }
  const acknowledged = () => writers.acknowledged.length
  const unavailable = () => writers.others.get(503) ?? 0
  const readiness = () => Promise.all(servers.map(async ({ url }) => (await fetch(`${url}/readyz`)).status))
  try {
    await moreAre(acknowledged, 100)
    primary.kill()
    await moreAre(unavailable, 50)
    // By mistake, before it takes over: what only reads is as good as away.
    relay.leadTo(standby.port)
    await moreAre(unavailable, 100)
    expect(await readiness()).toEqual([503, 503])
    expect(await standby.query('select pg_promote()')).toEqual([{ pg_promote: true }])
    await moreAre(acknowledged, 100)
    expect(await readiness()).toEqual([200, 200])
  } finally {
    await writers.stop()
  }
  expect(writers.wrong).toEqual([])
  for (const server of servers) expect(server.output()).not.toMatch(/"level":60/)
  await mustBeWrittenOnce(env, first, made, writers.acknowledged)
  reportFigure('failovers survived', 1)
  reportFigure('refused with 503 in between', unavailable())
  for (const server of servers.splice(0)) expect(await server.stop()).toEqual({ code: 0, signal: null })
})
