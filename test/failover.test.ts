import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { randomBase62 } from '../src/platform/secrets.ts'
import { reportFigure } from './figures.ts'
import { makeDataDir, makeKeyByCli, type Server, startServer } from './processes.ts'
import { startRelay } from './relay.ts'
import { startReplicatedPostgres } from './replicated-postgres.ts'
import { startWriters } from './writers.ts'
import { mustBeWrittenOnce, nothingLost } from './written-once.ts'

const cleanUps: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
})

/** A pair of databases behind an address that leads to the first, and what a server needs to be there. */
async function startPair(isSynchronous: boolean) {
  const postgres = await startReplicatedPostgres({ isSynchronous })
  const relay = await startRelay(postgres.primary.port)
  const env = {
    DATABASE_URL: relay.through(postgres.primary.url),
    SECRET_KEY: randomBase62(43),
    DATA_DIR: makeDataDir(),
  }
  cleanUps.push(() => {
    relay.close()
    postgres.remove()
    rmSync(env.DATA_DIR, { recursive: true, force: true })
  })
  return { ...postgres, relay, env, made: await makeKeyByCli(env) }
}

async function start(env: Record<string, string>): Promise<Server> {
  const server = await startServer(env)
  cleanUps.push(() => server.stop())
  return server
}

function moreAre(count: () => number, by: number) {
  const before = count()
  return expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(before + by)
}

test('when the primary is killed under load and the standby takes over, nothing acknowledged is lost and nobody restarts anything', {
  timeout: 120_000,
}, async () => {
  const { primary, standby, relay, env, made } = await startPair(true)
  const first = await start(env)
  const servers = [first, await start({ ...env, WEB_CONCURRENCY: '2' })]
  let turn = 0
  const writers = startWriters(() => servers[turn++ % 2] ?? first, made, 'failover')
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
  for (const server of servers) expect(await server.stop()).toEqual({ code: 0, signal: null })
})

test('where only the primary has what is acknowledged, the same failover loses it, and the same check says so', {
  timeout: 120_000,
}, async () => {
  const { primary, standby, part, relay, env, made } = await startPair(false)
  const server = await start(env)
  const writers = startWriters(() => server, made, 'asynchronous')
  const acknowledged = () => writers.acknowledged.length
  try {
    await moreAre(acknowledged, 20)
    part()
    await moreAre(acknowledged, 100)
    primary.kill()
    relay.leadTo(standby.port)
    await standby.query('select pg_promote()')
    await moreAre(acknowledged, 20)
  } finally {
    await writers.stop()
  }
  await expect(mustBeWrittenOnce(env, server, made, writers.acknowledged)).rejects.toThrow(nothingLost)
})
