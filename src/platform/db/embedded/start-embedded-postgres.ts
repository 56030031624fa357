import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { ConfigError } from '../../config.ts'
import { stopUnlessUsed } from '../server-lock.ts'
import { type ClusterPlace, findClusterPlace } from './cluster-place.ts'
import { connectionUrl, createDatabase } from './connect-embedded.ts'
import { findBinaries } from './find-binaries.ts'
import { findOrLaunch } from './launch-postmaster.ts'
import { chooseListensAt, forgetListensAt, type ListensAt } from './listens-at.ts'
import { makeCluster } from './make-cluster.ts'
import { findPostmaster, isAlive, stopPostmaster } from './postmaster.ts'
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
  /** Aborted when the start is to end. */
  stopping?: AbortSignal
}

const never = new AbortController().signal

/**
 * Starts the PostgreSQL of a data directory, or adopts the one that outlived the last process, and restarts it at the same
 * place should it die. Every caller may stop it; who else uses it is for the caller to know.
 * @throws ConfigError with what to do where it cannot start, or an earlier version of QueueUp works with it.
 */
export async function startEmbeddedPostgres({
  dataDir,
  log,
  durable = true,
  stopping: told = never,
}: Options): Promise<EmbeddedPostgres> {
  const place = findClusterPlace(dataDir, await findBinaries(), findServerUser(), log)
  await makeCluster(place)
  const dataFolder = join(place.folder, 'data')
  await stopOlder(place, log)
  const running = findPostmaster(dataFolder)
  const chosen = running?.socketFolder ? running : await chooseListensAt(place, log)
  let postmaster = await findOrLaunch(place, { listensAt: chosen, durable, log, stopping: told })
  const listensAt: ListensAt = { port: postmaster.port, socketFolder: postmaster.socketFolder }
  // Another start was quicker.
  if (chosen.socketFolder !== listensAt.socketFolder) forgetListensAt(chosen)
  let isReviving = false
  const ending = new AbortController()

  const watch = setInterval(async () => {
    if (isReviving || isAlive(postmaster.pid)) return
    isReviving = true
    log.warn('the database server died; starting it again')
    try {
      postmaster = await findOrLaunch(place, { listensAt, durable, log, stopping: ending.signal })
      log.info('the database server is back')
    } catch (error) {
      if (!ending.signal.aborted) log.error({ err: error }, 'the database server did not start; trying again')
      await sleep(1_000, undefined, { signal: ending.signal }).catch(() => undefined)
    }
    isReviving = false
  }, 250)
  watch.unref()

  try {
    await createDatabase(place, listensAt)
  } catch (error) {
    clearInterval(watch)
    if (running?.pid !== postmaster.pid) await stopPostmaster(postmaster, dataFolder)
    throw error
  }
  return {
    url: connectionUrl(place, listensAt, 'queueup'),
    adopted: running?.pid === postmaster.pid,
    leave: () => clearInterval(watch),
    async stop() {
      clearInterval(watch)
      ending.abort()
      while (isReviving) await sleep(50)
      await stopPostmaster(postmaster, dataFolder)
      forgetListensAt(listensAt)
    },
  }
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
