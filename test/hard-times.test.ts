import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, expect, inject, test } from 'vitest'
import { randomBase62 } from '../src/platform/secrets.ts'
import { asApiKey } from './as.ts'
import { connectToEmbedded } from './connect-to-embedded.ts'
import { makeDataDir, makeKeyByCli, type Server, startServer } from './processes.ts'
import { serverOf, startRelay } from './relay.ts'
import { startWriters, type Writers } from './writers.ts'
import { mustBeWrittenOnce } from './written-once.ts'

const cleanUps: (() => unknown)[] = []
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp()
})

/** A database of its own behind a relay, and a server on it. */
async function startBehindRelay() {
  const administrator = new pg.Client({ connectionString: inject('postgresUrl').replace(/queueup$/, 'postgres') })
  await administrator.connect()
  const name = `hard_${randomBase62(8).toLowerCase()}`
  await administrator.query(`create database ${name} template template0`)
  const url = inject('postgresUrl').replace(/queueup$/, name)
  const database = serverOf(url)
  const relay = await startRelay(database)
  const env = { DATABASE_URL: relay.through(url), SECRET_KEY: randomBase62(43), DATA_DIR: makeDataDir() }
  const made = await makeKeyByCli(env)
  const server = await startServer(env)
  cleanUps.push(async () => {
    await server.stop()
    relay.close()
    await administrator.query(`drop database ${name} with (force)`)
    await administrator.end()
    rmSync(env.DATA_DIR, { recursive: true, force: true })
  })
  return { url, database, relay, env, made, server }
}

function moreAre(count: () => number, by: number, message: string) {
  const before = count()
  return expect.poll(count, { timeout: 40_000, message }).toBeGreaterThan(before + by)
}

const acknowledged = (writers: Writers) => () => writers.acknowledged.length
const unavailable = (writers: Writers) => () => writers.others.get(503) ?? 0

function memoryMegabytes({ process: { pid } }: Server): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

test('while the database is away, and while locks are held, answers are 503 and memory is bounded; it goes on by itself', {
  timeout: 150_000,
}, async () => {
  const { url, database, relay, env, made, server } = await startBehindRelay()
  const writers = startWriters(() => server, made, 'away', 32)
  try {
    await moreAre(acknowledged(writers), 200, 'before')
    const before = memoryMegabytes(server)
    for (const round of ['first', 'second']) {
      relay.leadTo(undefined)
      relay.cut()
      await moreAre(unavailable(writers), 500, `refused the ${round} time`)
      expect((await fetch(`${server.url}/readyz`)).status).toBe(503)
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
      relay.leadTo(database)
      await moreAre(acknowledged(writers), 100, `back the ${round} time`)
    }
    const holder = new pg.Client({ connectionString: url })
    await holder.connect()
    await holder.query('begin')
    await holder.query('select from organisation_counters for update')
    await moreAre(unavailable(writers), 16, 'refused while locked')
    await holder.query('rollback')
    await holder.end()
    await moreAre(acknowledged(writers), 100, 'after the lock')
    expect(memoryMegabytes(server) - before).toBeLessThan(150)
  } finally {
    await writers.stop()
  }
  expect(writers.wrong).toEqual([])
  await mustBeWrittenOnce(env, server, made, writers.acknowledged)
})

test('1,000 connections that never finish what they began hold nobody up', async () => {
  const { made, server } = await startBehindRelay()
  const { hostname, port } = new URL(server.url)
  const before = memoryMegabytes(server)
  const head = `POST /v1/api${made.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
  const body = `Authorization: Bearer ${made.key}\r\nContent-Length: 10000\r\n\r\n{"email": `
  const sockets: Socket[] = []
  for (let i = 0; i < 1_000; i++) {
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    // Half of them in the head, half in the body.
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write(i % 2 === 0 ? head : head + body)
    sockets.push(socket)
  }
  const api = asApiKey(server, made.key)
  for (let i = 0; i < 50; i++) {
    const began = performance.now()
    expect((await api.post(made.path, { email: `quick-${i}@example.com` })).status).toBe(201)
    expect(performance.now() - began).toBeLessThan(2_000)
  }
  expect(sockets.filter((socket) => socket.destroyed)).toEqual([])
  expect(memoryMegabytes(server) - before).toBeLessThan(150)
  for (const socket of sockets) socket.destroy()
  expect((await api.get(made.path)).json.total).toBe(50)
})

const disk = makeDataDir()
cleanUps.push(() => rmSync(disk, { recursive: true, force: true }))
const mounted = mountSmallDisk()
if (!mounted) process.stdout.write('A full disk is not tried: this machine lets nobody mount a small one.\n')

test.runIf(mounted)(
  'a full disk is 503 and loses nothing; with room again it goes on by itself',
  { timeout: 150_000 },
  async () => {
    const env = { DATA_DIR: disk }
    const made = await makeKeyByCli(env)
    const server = await startServer(env)
    cleanUps.push(() => server.stop())
    const writers = startWriters(() => server, made, 'full')
    const filler = join(disk, 'filler')
    try {
      await moreAre(acknowledged(writers), 100, 'before')
      fill(filler)
      await moreAre(unavailable(writers), 200, 'refused while full')
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
      // The log that PostgreSQL writes ahead needs room too: without it the whole server goes down.
      await expect(useUpLog(env)).rejects.toThrow()
      await moreAre(unavailable(writers), 200, 'refused while the database is down')
      expect(await databaseAnswers(env)).toBe(false)
      rmSync(filler)
      await moreAre(acknowledged(writers), 100, 'with room again')
    } finally {
      rmSync(filler, { force: true })
      await writers.stop()
    }
    expect(writers.wrong).toEqual([])
    await mustBeWrittenOnce(env, server, made, writers.acknowledged)
  },
)

function mountSmallDisk(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=200m,mode=711', 'tmpfs', disk], { stdio: 'ignore' })
    cleanUps.push(() => execFileSync('umount', ['-l', disk]))
    return true
  } catch {
    return false
  }
}

async function useUpLog(env: { DATA_DIR: string }): Promise<void> {
  const client = await connectToEmbedded(env)
  for (let i = 0; i < 100; i++) {
    await client.query('select pg_switch_wal()')
    await client.query("select pg_logical_emit_message(false, 'x', 'x')")
  }
  await client.end()
}

function databaseAnswers(env: { DATA_DIR: string }): Promise<boolean> {
  return connectToEmbedded(env).then(
    (client) => client.end().then(() => true),
    () => false,
  )
}

function fill(path: string): void {
  for (const piece of [Buffer.alloc(2 ** 20), Buffer.alloc(4096)]) {
    try {
      for (;;) appendFileSync(path, piece)
    } catch {
      // As far as pieces of this size fit.
    }
  }
}
