import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { ConfigError } from '../../config.ts'
import { neverShow } from '../../log/hide-secrets.ts'
import { stopUnlessUsed } from '../server-lock.ts'
import { type ClusterPlace, findClusterPlace } from './cluster-place.ts'
import { findBinaries } from './find-binaries.ts'
import { chooseListensAt, forgetListensAt, type ListensAt, requireClosed } from './listens-at.ts'
import { makeCluster } from './make-cluster.ts'
import { findPostmaster, isAlive, type Postmaster, removeForeignPidFile, stopPostmaster } from './postmaster.ts'
import { serverSettings } from './server-settings.ts'
import { findServerUser } from './system-user.ts'

export interface EmbeddedPostgres {
  /** A superuser's way to the database `queueup`. */
  url: string
  /** Whether it was running already. */
  adopted: boolean
  stop(): Promise<void>
  /** Looks after it no more, and lets it run. */
  leave(): void
}

interface Options {
  dataDir: string
  log: Logger
  /** False for tests alone: faster, and lost in a crash of the machine. */
  durable?: boolean
}

const startAttempts = 60
const readyAttempts = 6000
const findAttempts = 10
const maxLogBytes = 10 * 2 ** 20

/**
 * Starts the PostgreSQL of a data directory, or adopts the one that outlived the last process, and restarts it at the same
 * place should it die. Every caller may stop it; who else uses it is for the caller to know.
 * @throws ConfigError where an earlier version of QueueUp works with it.
 */
export async function startEmbeddedPostgres({ dataDir, log, durable = true }: Options): Promise<EmbeddedPostgres> {
  const place = findClusterPlace(dataDir, await findBinaries(), findServerUser(), log)
  await makeCluster(place)
  const dataFolder = join(place.folder, 'data')
  await stopOlder(place, log)
  const running = findPostmaster(dataFolder)
  const chosen = running?.socketFolder ? running : await chooseListensAt(place, log)
  let postmaster = await findOrLaunch(place, chosen, durable, log)
  const listensAt: ListensAt = { port: postmaster.port, socketFolder: postmaster.socketFolder }
  // Another start was quicker.
  if (chosen.socketFolder !== listensAt.socketFolder) forgetListensAt(chosen)
  let stopping = false

  const watch = setInterval(async () => {
    if (stopping || isAlive(postmaster.pid)) return
    stopping = true
    log.warn('the database server died; starting it again')
    try {
      postmaster = await findOrLaunch(place, listensAt, durable, log)
      log.info('the database server is back')
    } catch (error) {
      log.error({ err: error }, 'the database server did not start; trying again')
      await sleep(1_000)
    }
    stopping = false
  }, 250)
  watch.unref()

  await createDatabase(place, listensAt)
  return {
    url: connectionUrl(place, listensAt, 'queueup'),
    adopted: running?.pid === postmaster.pid,
    leave: () => clearInterval(watch),
    async stop() {
      clearInterval(watch)
      while (stopping) await sleep(50)
      await stopPostmaster(postmaster, dataFolder)
      forgetListensAt(listensAt)
    },
  }
}

/** The server that runs, unless it is just going, or else a new one. */
async function findOrLaunch(place: ClusterPlace, at: ListensAt, durable: boolean, log: Logger): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const found = findPostmaster(join(place.folder, 'data')) ?? (await launch(place, at, durable, log))
    try {
      return await waitUntilReady(place, found)
    } catch (error) {
      if (attempt >= findAttempts || isAlive(found.pid)) throw error
    }
  }
}

async function launch(place: ClusterPlace, listensAt: ListensAt, durable: boolean, log: Logger): Promise<Postmaster> {
  requireClosed(listensAt, place)
  const dataFolder = join(place.folder, 'data')
  const settings = Object.entries(serverSettings({ listensAt, durable })).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  for (let attempt = 1; ; attempt++) {
    removeForeignPidFile(dataFolder)
    const output = openLog(place)
    const child = spawn(join(place.binaries.root, 'bin', 'postgres'), ['-D', dataFolder, ...settings], {
      cwd: '/',
      // Of its own group, or Ctrl-C would reach it before the application has finished.
      detached: true,
      stdio: ['ignore', output, output],
      env: { LC_ALL: 'C' },
      ...(place.user ? { uid: place.user.uid, gid: place.user.gid } : {}),
    })
    closeSync(output)
    child.unref()
    const failed = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`))
    })
    const started = await Promise.race([failed, untilListed(dataFolder, child)])
    if (typeof started !== 'string') return started
    const quicker = findPostmaster(dataFolder)
    if (quicker) return quicker
    // After a kill the old server's children need a moment to go; their lock is waited out.
    if (attempt >= startAttempts)
      throw new Error(`The embedded PostgreSQL does not start (${started}); see ${logFile(place)}.`)
    if (attempt === 1) log.debug({ reason: started }, 'the database server did not start at once')
    await sleep(250)
  }
}

async function untilListed(dataFolder: string, child: ChildProcess): Promise<Postmaster | string> {
  while (child.exitCode === null && child.signalCode === null) {
    const found = findPostmaster(dataFolder)
    if (found?.ready && found.pid === child.pid) return found
    await sleep(10)
  }
  return 'it ended'
}

/** Ready is when somebody can log in; a server that recovers from a crash may need minutes. */
async function waitUntilReady(place: ClusterPlace, { pid }: Postmaster): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    // Read anew: the file is written in steps, its port after its number.
    const found = findPostmaster(join(place.folder, 'data'))
    try {
      if (found?.pid !== pid || !found.port) throw new Error('The embedded PostgreSQL ended before it was ready.')
      await canLogIn(place, found)
      return found
    } catch (error) {
      if (attempt >= readyAttempts || !isAlive(pid)) throw error
      await sleep(50)
    }
  }
}

async function canLogIn(place: ClusterPlace, at: ListensAt): Promise<void> {
  const client = new pg.Client({ connectionString: connectionUrl(place, at, 'postgres') })
  client.on('error', () => undefined)
  await client.connect()
  await client.end()
}

async function createDatabase(place: ClusterPlace, at: ListensAt): Promise<void> {
  const client = new pg.Client({ connectionString: connectionUrl(place, at, 'postgres') })
  await client.connect()
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'queueup'")
    // 42P04 and 23505: another start made it meanwhile.
    if (rowCount === 0)
      await client
        .query('create database queueup')
        .catch((error) => ['42P04', '23505'].includes(error.code) || Promise.reject(error))
  } finally {
    await client.end()
  }
}

function connectionUrl(place: ClusterPlace, { port, socketFolder }: ListensAt, database: string): string {
  const password = readFileSync(join(place.folder, 'password'), 'utf8')
  neverShow(password)
  const host = socketFolder === undefined ? '127.0.0.1' : encodeURIComponent(socketFolder)
  return `postgres://postgres:${password}@${host}:${port}/${database}`
}

/**
 * Stops a server that an earlier version started: it listens on a port, which anybody could take when it dies.
 * @throws ConfigError where that version still works with it.
 */
async function stopOlder(place: ClusterPlace, log: Logger): Promise<void> {
  const dataFolder = join(place.folder, 'data')
  const find = () => (process.platform === 'win32' ? undefined : findPostmaster(dataFolder))
  let older = find()
  // Where it listens is in the file only when it is ready.
  for (; older && !older.socketFolder && !older.ready; older = find()) await sleep(50)
  if (!older || older.socketFolder) return
  const { pid } = older
  const stop = () => stopPostmaster({ pid }, dataFolder)
  if (!(await stopUnlessUsed(connectionUrl(place, older, 'queueup'), stop)))
    throw new ConfigError('An earlier version of QueueUp is running on this DATA_DIR. Stop it first.')
  log.info('stopped the database server of an earlier version')
}

function logFile(place: ClusterPlace): string {
  return join(place.folder, 'postgres.log')
}

function openLog(place: ClusterPlace): number {
  const path = logFile(place)
  const file = openSync(path, 'a', 0o600)
  if (statSync(path).size > maxLogBytes) truncateSync(path)
  if (place.user) chownSync(path, place.user.uid, place.user.gid)
  return file
}
