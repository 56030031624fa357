import { readFileSync, rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { childrenOf } from './children-of.ts'
import { connectionsHeld } from './connections-held.ts'
import { reportFigure } from './figures.ts'
import { mustBeDoneOnce, type Operator, startOperator } from './operator.ts'
import { makeDataDir, makeKeyByCli, postmasterPid, type Server, startServer } from './processes.ts'
import { startWriters, type Writers } from './writers.ts'
import { mustBeWrittenOnce } from './written-once.ts'

const rounds = Number(process.env.CRASH_ROUNDS ?? 20)
const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31))
const env = { DATA_DIR: makeDataDir(), WEB_CONCURRENCY: '2' }
let running: Server | undefined
afterAll(async () => {
  await running?.stop()
  rmSync(env.DATA_DIR, { recursive: true, force: true })
})

const victims = [
  'a serving process',
  'every serving process',
  'a connection',
  'the database',
  'the server',
  'everything',
] as const

test(`what was acknowledged survives ${rounds} kills at random moments, once: creates, revokes, keys, archives, plans and invitations; the next start needs no hand`, {
  timeout: 240_000,
}, async () => {
  const random = makeRandom(seed)
  const made = await makeKeyByCli(env)
  let server = await start()
  const operator = await startOperator(env, () => server)
  const writers = startWriters(() => server, made, 'crash')
  try {
    for (let round = 0; round < rounds; round++) {
      const told = `round ${round} of seed ${seed}`
      await moreIsDone(writers, operator, told)
      await sleep(random(250))
      const victim = victims[round % victims.length] ?? 'everything'
      server = await crash(victim, server)
      // While it recovers from one, now and then comes the next.
      if (random(3) === 0) {
        await sleep(random(400))
        kill(postmasterPid(env))
      }
      await moreIsDone(writers, operator, `${told}, after ${victim} was killed`)
    }
  } finally {
    await Promise.all([writers.stop(), operator.stop()])
  }
  expect([...writers.wrong, ...operator.wrong]).toEqual([])
  await mustBeDoneOnce(env, server, operator)
  await mustBeWrittenOnce(env, server, made, writers.acknowledged)
  reportFigure('crashes survived', rounds)
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})

async function start(): Promise<Server> {
  running = await startServer(env)
  return running
}

/** Kills one part of what runs, and starts the server again where that was its end. */
async function crash(victim: (typeof victims)[number], server: Server): Promise<Server> {
  const { pid } = server.process
  const postmaster = postmasterPid(env)
  if (victim === 'a serving process') kill(busiest(server))
  else if (victim === 'every serving process') for (const child of childrenOf(pid)) kill(child)
  // PostgreSQL ends every other session then, and recovers.
  else if (victim === 'a connection') kill(childrenOf(postmaster).find(isBackend))
  else if (victim === 'the database') kill(postmaster)
  else {
    const serving = childrenOf(pid)
    await server.stop('SIGKILL')
    if (victim === 'everything') for (const one of [postmaster, ...serving]) kill(one)
    return start()
  }
  return server
}

/** Waits until both are told again that something is done. */
async function moreIsDone(writers: Writers, operator: Operator, told: string): Promise<void> {
  const before = { creates: writers.acknowledged.length, others: operator.done }
  await expect
    .poll(() => writers.acknowledged.length > before.creates + 12 && operator.done > before.others, {
      timeout: 20_000,
      interval: 20,
      message: `acknowledged in ${told}`,
    })
    .toBe(true)
}

function kill(pid: number | undefined): void {
  try {
    if (pid) process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}

/** The serving process that holds the most connections. */
function busiest(server: Server): number | undefined {
  return [...connectionsHeld(server)].toSorted(([, a], [, b]) => b - a)[0]?.[0]
}

function isBackend(pid: number): boolean {
  return /postgres: postgres queueup/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Whole numbers below a limit, the same for the same seed (mulberry32). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}
