import { execFile } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { ConfigError } from '../../config.ts'
import { asUnusable } from '../../files/make-folder.ts'
import { randomBase62 } from '../../secrets.ts'
import { keepClusterFolder } from './cluster-folder.ts'
import type { ClusterPlace } from './cluster-place.ts'

const run = promisify(execFile)

/**
 * Makes the cluster unless it is there. It is made beside its place and moved there whole, so that neither a crash nor a
 * second first start can leave half a cluster.
 * @throws ConfigError with the reason where none can be made.
 */
export async function makeCluster(place: ClusterPlace): Promise<void> {
  const isThere = () => existsSync(join(place.folder, 'data', 'PG_VERSION'))
  if (!isThere()) {
    const making = join(dirname(place.folder), `.pg-${process.pid}-${randomBase62(6)}`)
    try {
      await makeBeside(place, making)
      renameSync(making, place.folder)
    } catch (error) {
      // Another first start was quicker: its cluster is as good.
      if (!isThere()) throw asUnusable(error, 'DATA_DIR', place.dataDir)
    } finally {
      rmSync(making, { recursive: true, force: true })
    }
  }
  keepClusterFolder(place.dataDir, place.folder)
}

async function makeBeside({ user, binaries }: ClusterPlace, making: string): Promise<void> {
  const data = join(making, 'data')
  const password = join(making, 'password')
  mkdirSync(making)
  mkdirSync(data)
  writeFileSync(password, randomBase62(40), { mode: 0o600 })
  // Whatever the umask is.
  for (const [path, mode] of [
    [making, 0o700],
    [data, 0o700],
    [password, 0o600],
  ] as const) {
    chmodSync(path, mode)
    if (user) chownSync(path, user.uid, user.gid)
  }
  const options = ['-D', data, '-U', 'postgres', `--pwfile=${password}`, '-A', 'scram-sha-256']
  const locale = ['-E', 'UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions']
  try {
    await run(join(binaries.root, 'bin', 'initdb'), [...options, ...locale], {
      cwd: '/',
      env: { LC_ALL: 'C' },
      ...(user ? { uid: user.uid, gid: user.gid } : {}),
    })
  } catch (error) {
    throw new ConfigError(`The embedded database cannot be made in ${dirname(making)}: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** The line of initdb that says why, rather than what it undid afterwards. */
function reasonOf(error: unknown): string {
  const told = error instanceof Error && 'stderr' in error ? String(error.stderr).split('\n') : []
  const line = told.find((line) => /error|fatal|panic|could not/i.test(line)) ?? told.find((line) => line.trim() !== '')
  return (line ?? (error instanceof Error ? error.message : String(error)))
    .replace(/^initdb: (?:error: )?|^.*?(?:ERROR|FATAL|PANIC): +/, '')
    .trim()
}

/** Closes what a copy or a restore has left open to others: PostgreSQL would not start on it. */
export function closeToOthers({ folder, user }: ClusterPlace, log: Logger): void {
  const owner = user?.uid ?? process.getuid?.()
  for (const [path, mode] of [
    [folder, 0o700],
    [join(folder, 'data'), 0o700],
    [join(folder, 'password'), 0o600],
  ] as const) {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (!stat)
      throw new ConfigError(`${path} is missing. Bring it back from where it was copied from, or restore a backup.`)
    if (owner !== undefined && stat.uid !== owner)
      throw new ConfigError(
        `${path} belongs to another user than QueueUp's database runs as. Give it back: chown -R ${user?.name ?? owner} ${folder}`,
      )
    if (process.platform === 'win32' || (stat.mode & 0o777) === mode) continue
    chmodSync(path, mode)
    log.warn({ path }, `${path} was open to others, or closed to its own user, and is no longer`)
  }
}
