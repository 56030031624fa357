import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Logger } from 'pino'
import { ConfigError } from '../../config.ts'
import type { Binaries } from './find-binaries.ts'
import { canEnter, type SystemUser } from './system-user.ts'

/** Where a cluster and the binaries that run it lie. */
export interface ClusterPlace {
  /** Holds `data` and `password`. */
  folder: string
  binaries: Binaries
  user: SystemUser | undefined
}

/**
 * Below the data directory where the server's user can reach it. Where the way there is closed to that user (root's home),
 * below /var/tmp under a name made from the data directory, with a copy of the binaries if those are out of reach too.
 */
export function findClusterPlace(
  dataDir: string,
  binaries: Binaries,
  user: SystemUser | undefined,
  log: Logger,
): ClusterPlace {
  mkdirSync(dataDir, { recursive: true, mode: user ? 0o711 : 0o700 })
  if (!user) return { folder: join(dataDir, 'pg'), binaries, user }
  const reachable = canEnter(user, dataDir)
  if (reachable && canEnter(user, join(binaries.root, 'bin'))) return { folder: join(dataDir, 'pg'), binaries, user }
  const elsewhere = join('/var/tmp', `queueup-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`)
  mkdirSync(elsewhere, { recursive: true, mode: 0o711 })
  const { uid } = lstatSync(elsewhere)
  if (uid !== 0 || !lstatSync(elsewhere).isDirectory())
    throw new ConfigError(`${elsewhere} belongs to somebody else: remove it, or choose another DATA_DIR.`)
  chmodSync(elsewhere, 0o711)
  const folder = reachable ? join(dataDir, 'pg') : join(elsewhere, 'pg')
  if (!reachable)
    log.info(
      { folder },
      `the database lies in ${folder}: the user ${user.name}, whom PostgreSQL runs as, may not enter ${dataDir}`,
    )
  return {
    folder,
    binaries: canEnter(user, join(binaries.root, 'bin')) ? binaries : copyBinaries(binaries, elsewhere),
    user,
  }
}

function copyBinaries(binaries: Binaries, elsewhere: string): Binaries {
  // The package's folder carries no version; the server's size and time tell one build from another well enough.
  const { size, mtimeMs } = lstatSync(join(binaries.root, 'bin', 'postgres'))
  const root = join(elsewhere, `binaries-${size}-${Math.floor(mtimeMs)}`)
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
