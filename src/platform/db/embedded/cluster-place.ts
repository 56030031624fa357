import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, lstatSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { ConfigError } from '../../config.ts'
import { hasCode } from '../../files/has-code.ts'
import { asUnusable, makeFolder } from '../../files/make-folder.ts'
import { readClusterFolder } from './cluster-folder.ts'
import type { Binaries } from './find-binaries.ts'
import { canEnter, type SystemUser, userOf } from './system-user.ts'

/** Where a cluster and the binaries that run it lie. */
export interface ClusterPlace {
  dataDir: string
  /** Holds `data` and `password`. */
  folder: string
  binaries: Binaries
  user: SystemUser | undefined
}

/** For data directories that the database's user cannot reach. Nothing there is cleaned away. */
const sharedFolder = '/var/lib/queueup'
/** Where earlier versions put them. Systems remove what was not used there for 30 days. */
const olderFolder = '/var/tmp'

/**
 * Where the cluster of a data directory lies: where it was made; for a new one below the data directory, or, where the way
 * there is closed to the user that PostgreSQL runs as (below root's home), in a folder of its own in /var/lib/queueup.
 * @throws ConfigError where a cluster is missing that was there, or its user cannot reach it. A new one is never made then.
 */
export function findClusterPlace(
  dataDir: string,
  binaries: Binaries,
  user: SystemUser | undefined,
  log: Logger,
): ClusterPlace {
  const folder = findCluster(dataDir)
  if (folder !== undefined) {
    const owner = user && userOf(join(folder, 'data'))
    if (owner?.uid === 0)
      throw new ConfigError(
        `The database in ${folder} belongs to root, and PostgreSQL does not run as root. Give it back to the user that it belonged to: chown -R USER ${folder}`,
      )
    if (owner && !canEnter(owner, dirname(folder)))
      throw new ConfigError(
        `The database in ${folder} belongs to the user ${owner.name}, who may no longer enter a folder on the way there. Let everybody pass through those folders (chmod o+x), then start again.`,
      )
    return { dataDir, folder, binaries: reachable(binaries, owner, dataDir), user: owner }
  }
  makeFolder(dataDir, user ? 0o711 : 0o700)
  if (!user || canEnter(user, dataDir))
    return { dataDir, folder: join(dataDir, 'pg'), binaries: reachable(binaries, user, dataDir), user }
  const elsewhere = ownFolder(dataDir)
  log.info(
    { folder: join(elsewhere, 'pg') },
    `the database lies in ${elsewhere}: the user ${user.name}, whom PostgreSQL runs as, may not enter ${dataDir}`,
  )
  return { dataDir, folder: join(elsewhere, 'pg'), binaries: reachable(binaries, user, dataDir), user }
}

/**
 * The folder of the cluster that a data directory has; undefined where it has none yet.
 * @throws ConfigError where it had one that is no longer there, or may not be looked for.
 */
export function findCluster(dataDir: string): string | undefined {
  const named = readClusterFolder(dataDir)
  if (named !== undefined) {
    if (hasCluster(named)) return named
    throw new ConfigError(
      `The database of DATA_DIR ${dataDir} is missing: it was in ${named}. Bring that folder back, or restore a backup into an empty DATA_DIR. To begin with an empty database instead, remove the file ${join(dataDir, 'cluster-folder')}.`,
    )
  }
  const own = join(dataDir, 'pg')
  if (hasCluster(own)) return own
  const name = nameFor(dataDir)
  const kept = join(sharedFolder, name, 'pg')
  if (hasCluster(kept)) return kept
  const older = join(olderFolder, `queueup-${name}`)
  if (!hasCluster(join(older, 'pg'))) return undefined
  throw new ConfigError(
    `The database of DATA_DIR ${dataDir} lies in ${older}, which the system may clean away. Move it, then start again: mkdir -p ${sharedFolder} && mv ${older} ${join(sharedFolder, name)}`,
  )
}

function hasCluster(folder: string): boolean {
  try {
    return statSync(join(folder, 'data', 'PG_VERSION')).isFile()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false
    if (hasCode(error, 'EACCES') && reopen(folder)) return true
    throw asUnusable(error, 'DATA_DIR', folder)
  }
}

/** Lets its own user in again where a copy has closed it to everybody. */
function reopen(folder: string): boolean {
  try {
    for (const path of [folder, join(folder, 'data')]) chmodSync(path, 0o700)
    return existsSync(join(folder, 'data', 'PG_VERSION'))
  } catch {
    return false
  }
}

function nameFor(dataDir: string): string {
  return createHash('sha256').update(dataDir).digest('hex').slice(0, 16)
}

/** A folder of root's that everybody can pass through. */
function ownFolder(dataDir: string): string {
  const folder = join(sharedFolder, nameFor(dataDir))
  makeFolder(folder, 0o711)
  const stat = lstatSync(folder)
  if (stat.uid !== 0 || !stat.isDirectory())
    throw new ConfigError(`${folder} belongs to another user: remove it, or choose another DATA_DIR.`)
  chmodSync(folder, 0o711)
  return folder
}

/** The binaries, or a copy of them where the user cannot enter their folder. */
function reachable(binaries: Binaries, user: SystemUser | undefined, dataDir: string): Binaries {
  if (!user || canEnter(user, join(binaries.root, 'bin'))) return binaries
  // The package's folder carries no version; the server's size and time tell one build from another well enough.
  const { size, mtimeMs } = lstatSync(join(binaries.root, 'bin', 'postgres'))
  const root = join(ownFolder(dataDir), `binaries-${size}-${Math.floor(mtimeMs)}`)
  if (!existsSync(root)) {
    const half = join(dirname(root), `.${basename(root)}-${process.pid}`)
    cpSync(binaries.root, half, { recursive: true, verbatimSymlinks: true })
    try {
      renameSync(half, root)
    } catch {
      rmSync(half, { recursive: true, force: true })
    }
  }
  return { root }
}
