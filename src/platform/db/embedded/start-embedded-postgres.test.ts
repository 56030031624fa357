import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeDataDir } from '../../../../test/processes.ts'
import { acquireServerLock, acquireUse, stopUnlessUsed } from '../server-lock.ts'
import { isAlive } from './postmaster.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './start-embedded-postgres.ts'

const log = pino({ level: 'silent' })
let dataDir: string
let pidFile: string
let started: EmbeddedPostgres[] = []
beforeEach(() => {
  dataDir = makeDataDir()
  pidFile = join(dataDir, 'pg', 'data', 'postmaster.pid')
})
afterEach(async () => {
  for (const postgres of started.reverse()) await postgres.stop()
  started = []
  rmSync(dataDir, { recursive: true, force: true })
})

async function start(durable = false): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable })
  started.push(postgres)
  return postgres
}

const pid = () => Number(readFileSync(pidFile, 'utf8').split('\n')[0])

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query(text)).rows
  } finally {
    void client.end().catch(() => undefined)
  }
}

test('it listens on a socket in a closed folder alone, asks for a password that only its user reads, and stops cleanly', async () => {
  const postgres = await start()
  expect(postgres.adopted).toBe(false)
  expect(
    await query(
      postgres.url,
      `select current_setting('listen_addresses') as at, current_setting('unix_socket_directories') as sockets`,
    ),
  ).toEqual([{ at: '', sockets: `"${join(dataDir, 'pg')}"` }])
  expect(statSync(join(dataDir, 'pg', '.s.PGSQL.5432')).mode & 0o777).toBe(0o600)
  expect(statSync(join(dataDir, 'pg', 'password')).mode & 0o777).toBe(0o600)
  expect(statSync(join(dataDir, 'pg')).mode & 0o777).toBe(0o700)
  const withoutPassword = new URL(postgres.url)
  withoutPassword.password = 'guess'
  await expect(query(withoutPassword.toString(), 'select 1')).rejects.toThrow(/password authentication failed/)
  const server = pid()
  await postgres.stop()
  expect([isAlive(server), existsSync(pidFile)]).toEqual([false, false])
})

test('two first starts at once share one server, and leave nothing half made', async () => {
  const [one, other] = await Promise.all([start(), start()])
  expect(one?.url).toBe(other?.url)
  expect([one?.adopted, other?.adopted].sort()).toEqual([false, true])
  expect(readdirSync(dataDir)).toEqual(['cluster-folder', 'pg'])
})

test('a server that outlived its parent is adopted with what it holds', async () => {
  const first = await start()
  first.leave()
  await query(first.url, 'create table kept as select 1 as one')
  const second = await start()
  expect([second.adopted, second.url]).toEqual([true, first.url])
  expect(await query(second.url, 'select * from kept')).toEqual([{ one: 1 }])
})

test('a server that is killed comes back at the same place with everything committed', async () => {
  const postgres = await start(true)
  await query(postgres.url, 'create table kept as select 1 as one')
  const killed = pid()
  process.kill(killed, 'SIGKILL')
  await expect
    .poll(() => query(postgres.url, 'select * from kept').catch(() => undefined), { timeout: 30_000 })
    .toEqual([{ one: 1 }])
  expect(pid()).not.toBe(killed)
})

test('a pid file that now names some other program is no obstacle, and that program is left alone', async () => {
  const first = await start()
  const lines = readFileSync(pidFile, 'utf8').split('\n')
  await first.stop()
  writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'))
  const second = await start()
  expect(second.adopted).toBe(false)
  expect(pid()).not.toBe(process.pid)
})

test('a server that is just going is waited for, and started again', async () => {
  const first = await start()
  first.leave()
  // Waits for its clients to go, refusing new ones: the slow half of a stop.
  const client = new pg.Client({ connectionString: first.url })
  client.on('error', () => undefined)
  await client.connect()
  const going = pid()
  process.kill(going, 'SIGTERM')
  const [second] = await Promise.all([start(), expect.poll(() => client.end().then(() => true)).toBe(true)])
  expect(await query(second.url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(pid()).not.toBe(going)
})

test('one server has it, commands share it, and whoever is last may stop it', async () => {
  const { url, stop } = await start()
  const server = await acquireServerLock(url, dataDir, log)
  await expect(acquireServerLock(url, dataDir, log)).rejects.toThrow(
    `Another QueueUp server is running on ${dataDir}. Stop it first`,
  )
  const command = await acquireUse(url)
  await server.release()
  expect(await stopUnlessUsed(url, stop)).toBe(false)
  await command.release()
  await expect.poll(() => stopUnlessUsed(url, stop)).toBe(true)
  expect(existsSync(pidFile)).toBe(false)
})

test('the only server stays the only one when the database is killed under it', async () => {
  const { url } = await start()
  const server = await acquireServerLock(url, dataDir, log)
  const killed = pid()
  process.kill(killed, 'SIGKILL')
  const holders = () =>
    query(url, "select count(*)::int as holders from pg_locks where locktype = 'advisory' and mode = 'ExclusiveLock'")
  await expect.poll(() => holders().catch(() => undefined), { timeout: 30_000 }).toEqual([{ holders: 1 }])
  await server.release()
})

test('its log says what went wrong and holds no value of a row or a parameter, whatever else was set in it', async () => {
  const { url } = await start()
  for (const setting of [
    ...["log_statement = 'all'", 'log_min_duration_statement = 0', "log_error_verbosity = 'verbose'"],
    ...["log_min_error_statement = 'debug1'", 'log_parameter_max_length_on_error = -1', 'log_duration = on'],
  ])
    await query(url, `alter system set ${setting}`)
  await query(url, 'select pg_reload_conf()')
  await query(url, "create table people as select 'ada@example.com' as email, 1 as n union select 'bob@example.com', 2")
  await query(url, 'create unique index on people (email)')
  const [one, other] = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })]
  await Promise.all([one.connect(), other.connect()])
  const rename = (client: pg.Client, n: number, email: string) =>
    client.query('update people set email = $2 where n = $1', [n, email])
  await expect(rename(one, 1, 'bob@example.com')).rejects.toThrow(/duplicate key/)
  await Promise.all([one.query('begin'), other.query('begin')])
  await Promise.all([rename(one, 1, 'eve@example.com'), rename(other, 2, 'mallory@example.com')])
  const both = ["email = 'eve2@example.com' where n = 2", "email = 'mallory2@example.com' where n = 1"]
  const crossed = [one, other].map((client, i) => client.query(`update people set ${both[i]}`))
  expect((await Promise.allSettled(crossed)).map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  await Promise.all([one.end(), other.end()])
  const log = readFileSync(join(dataDir, 'pg', 'postgres.log'), 'utf8')
  expect(log).toMatch(/duplicate key value violates unique constraint "people_email_idx"/)
  expect(log).toMatch(/deadlock detected/)
  expect(log).not.toMatch(/@|update people/)
})
