import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findBinaries } from '../../src/platform/db/embedded/find-binaries.ts'
import { findPostmaster, isAlive } from '../../src/platform/db/embedded/postmaster.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/platform/db/embedded/start-embedded-postgres.ts'
import { findServerUser } from '../../src/platform/db/embedded/system-user.ts'
import { acquireUse } from '../../src/platform/db/server-lock.ts'
import { makeDataDir } from '../processes.ts'

const silent = pino({ level: 'silent' })
const strangerUid = 54_321
let top: string
let started: EmbeddedPostgres[] = []
beforeEach(() => {
  top = makeDataDir()
})
afterEach(async () => {
  for (const postgres of started.reverse()) await postgres.stop()
  started = []
  rmSync(top, { recursive: true, force: true })
})

async function start(dataDir: string, log = silent): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false })
  started.push(postgres)
  return postgres
}

const socketFolderOf = ({ url }: EmbeddedPostgres) => decodeURIComponent(new URL(url).hostname)

async function ask(url: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query("select current_setting('listen_addresses') as addresses")).rows
  } finally {
    await client.end()
  }
}

test('nobody else takes the place of a database that died, so that nobody is sent its password', async () => {
  const postgres = await start(top)
  const folder = socketFolderOf(postgres)
  expect(await ask(postgres.url)).toEqual([{ addresses: '' }])
  postgres.leave()
  const { pid = 0 } = findPostmaster(join(top, 'pg', 'data')) ?? {}
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => isAlive(pid)).toBe(false)

  expect(statSync(folder).mode & 0o077).toBe(0)
  // To become another user takes root.
  if (process.getuid?.() !== 0) return
  const socket = join(folder, '.s.PGSQL.5432')
  const attempts = [
    `ls ${folder}`,
    `rm -f ${socket}`,
    `touch ${socket}`,
    `mv ${folder} ${folder}-gone`,
    `cat ${folder}/password`,
  ]
  for (const attempt of attempts) {
    const { status } = spawnSync('sh', ['-c', attempt], { uid: strangerUid, gid: strangerUid, cwd: '/' })
    // `rm -f` says nothing of what it cannot see.
    if (!attempt.startsWith('rm')) expect(status, attempt).not.toBe(0)
  }
  expect(existsSync(socket)).toBe(true)
})

test('a data directory whose path is too long for a socket has it in a closed folder of its own, which goes with the server', async () => {
  const dataDir = join(top, 'a'.repeat(100))
  const postgres = await start(dataDir)
  const folder = socketFolderOf(postgres)
  expect(folder).toMatch(/^\/tmp\/queueup-\w{6}$/)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(await ask(postgres.url)).toEqual([{ addresses: '' }])

  const second = await start(dataDir)
  expect([second.adopted, second.url]).toEqual([true, postgres.url])
  second.leave()
  const { pid = 0 } = findPostmaster(join(dataDir, 'pg', 'data')) ?? {}
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => ask(postgres.url).catch(() => undefined), { timeout: 30_000 }).toEqual([{ addresses: '' }])
  await postgres.stop()
  expect(existsSync(folder)).toBe(false)
})

test('a folder that was opened to others is not listened in again', async () => {
  const dataDir = join(top, 'b'.repeat(100))
  const logged: string[] = []
  const postgres = await start(dataDir, pino({}, { write: (line: string) => void logged.push(line) }))
  const folder = socketFolderOf(postgres)
  const { pid = 0 } = findPostmaster(join(dataDir, 'pg', 'data')) ?? {}
  rmSync(folder, { recursive: true })
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => logged.join(''), { timeout: 10_000 }).toContain('is no longer closed to others')
  expect(readdirSync(folder)).toEqual([])
})

test('a server of an earlier version, which listens on a port, is stopped and started again, unless it is in use', async () => {
  const first = await start(top)
  await first.stop()
  const dataFolder = join(top, 'pg', 'data')
  const port = await freePort()
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=']
  const user = findServerUser()
  const older = spawn(
    join((await findBinaries()).root, 'bin', 'postgres'),
    ['-D', dataFolder, ...settings.flatMap((setting) => ['-c', setting])],
    { cwd: '/', stdio: 'ignore', env: { LC_ALL: 'C' }, ...(user ? { uid: user.uid, gid: user.gid } : {}) },
  )
  const password = readFileSync(join(top, 'pg', 'password'), 'utf8')
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/queueup`
  await expect.poll(() => ask(url).catch(() => undefined)).toEqual([{ addresses: '127.0.0.1' }])

  const use = await acquireUse(url)
  await expect(start(top)).rejects.toThrow('An earlier version of QueueUp is running on this DATA_DIR.')
  await use.release()
  const second = await start(top)
  expect(await ask(second.url)).toEqual([{ addresses: '' }])
  expect(older.exitCode ?? older.signalCode).not.toBe(null)
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
