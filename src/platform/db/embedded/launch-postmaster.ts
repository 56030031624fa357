import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ConfigError } from '../../config.ts'
import type { ClusterPlace } from './cluster-place.ts'
import { canLogIn } from './connect-embedded.ts'
import { type ListensAt, requireClosed } from './listens-at.ts'
import { closeToOthers } from './make-cluster.ts'
import { findPostmaster, isAlive, type Postmaster, removeForeignPidFile, stopPostmaster } from './postmaster.ts'
import { openServerLog, requirePassing } from './server-log.ts'
import { serverSettings } from './server-settings.ts'

export interface LaunchOptions {
  listensAt: ListensAt
  /** False in tests only. */
  durable: boolean
  log: Logger
  /** Aborted when the start is to end: the server that it launched is stopped again. */
  stopping: AbortSignal
}

/** After a kill, the old server's children keep its memory for a moment. */
const launchAttempts = 40
const findAttempts = 10
const tellAfterMs = 5_000

/**
 * The server that runs, unless it is just going, or else a new one, once somebody can log in.
 * @throws ConfigError with the reason where no attempt can succeed, within seconds.
 */
export async function findOrLaunch(place: ClusterPlace, options: LaunchOptions): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const running = findPostmaster(join(place.folder, 'data'))
    const found = running ?? (await launch(place, options))
    try {
      return await waitUntilReady(place, found, options)
    } catch (error) {
      // What this start has launched does not outlive it.
      if (!running) await stopPostmaster(found, join(place.folder, 'data'))
      if (error instanceof ConfigError || attempt >= findAttempts || isAlive(found.pid)) throw error
      options.stopping.throwIfAborted()
    }
  }
}

async function launch(place: ClusterPlace, options: LaunchOptions): Promise<Postmaster> {
  const { listensAt, durable, log, stopping } = options
  closeToOthers(place, log)
  requireClosed(listensAt, place)
  const dataFolder = join(place.folder, 'data')
  const settings = Object.entries(serverSettings({ listensAt, durable })).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  for (let attempt = 1; ; attempt++) {
    stopping.throwIfAborted()
    removeForeignPidFile(dataFolder)
    const serverLog = openServerLog(place)
    const child = spawn(join(place.binaries.root, 'bin', 'postgres'), ['-D', dataFolder, ...settings], {
      cwd: '/',
      // Of its own group, or Ctrl-C would reach it before the application has finished.
      detached: true,
      stdio: ['ignore', serverLog.file, serverLog.file],
      env: { LC_ALL: 'C' },
      ...(place.user ? { uid: place.user.uid, gid: place.user.gid } : {}),
    })
    closeSync(serverLog.file)
    child.unref()
    const failed = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(`it ended with ${signal ?? `code ${code}`}`))
    })
    const started = await Promise.race([failed, untilListed(dataFolder, child, options)])
    if (typeof started !== 'string') return started
    const quicker = findPostmaster(dataFolder)
    if (quicker) return quicker
    stopping.throwIfAborted()
    const reason = requirePassing(place, serverLog, started)
    if (attempt >= launchAttempts)
      throw new ConfigError(`The embedded PostgreSQL does not start: ${reason}. Its log is ${serverLog.path}.`)
    if (attempt === 1) log.info({ reason }, 'waiting for an earlier database server to end')
    await sleep(250)
  }
}

async function untilListed(
  dataFolder: string,
  child: ChildProcess,
  { log, stopping }: LaunchOptions,
): Promise<Postmaster | string> {
  const tell = tellLater(log)
  try {
    while (child.exitCode === null && child.signalCode === null) {
      const found = findPostmaster(dataFolder)
      if (found?.ready && found.pid === child.pid) return found
      // Its fast shutdown, also in the midst of a recovery, which the next start begins again.
      if (stopping.aborted) child.kill('SIGINT')
      await sleep(10)
    }
  } finally {
    clearTimeout(tell)
  }
  stopping.throwIfAborted()
  return 'it ended'
}

/** Ready is when somebody can log in; a server that recovers from a crash may need minutes. */
async function waitUntilReady(
  place: ClusterPlace,
  { pid }: Postmaster,
  { log, stopping }: LaunchOptions,
): Promise<Postmaster> {
  const tell = tellLater(log)
  try {
    for (;;) {
      stopping.throwIfAborted()
      // Read each time: the file is written in steps, its port after its number.
      const found = findPostmaster(join(place.folder, 'data'))
      if (found?.pid !== pid) throw new Error('The embedded PostgreSQL ended before it was ready.')
      if (found.port && (await canLogIn(place, found))) return found
      await sleep(50)
    }
  } finally {
    clearTimeout(tell)
  }
}

function tellLater(log: Logger): NodeJS.Timeout {
  return setTimeout(
    () => log.info('the database server is not ready yet: after a crash it first recovers what was written'),
    tellAfterMs,
  ).unref()
}
