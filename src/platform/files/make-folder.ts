import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError } from '../config.ts'
import { hasCode } from './has-code.ts'

/**
 * Makes a folder, and those above it, with the given mode whatever the umask is; one that is there stays as it is.
 * @throws ConfigError naming `setting` and the folder in the way, where that cannot be.
 */
export function makeFolder(path: string, mode: number, setting = 'DATA_DIR'): void {
  const missing: string[] = []
  for (let folder = resolve(path); !isFolder(folder, path, setting); folder = dirname(folder)) missing.push(folder)
  // One by one: a recursive mkdir never ends where the system says ENOENT for a folder that may not be made, as in /proc.
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder)
    } catch (error) {
      // Another start may have been quicker.
      if (!hasCode(error, 'EEXIST') || !isFolder(folder, path, setting)) throw cannotUse(setting, path, folder, error)
      continue
    }
    chmodSync(folder, mode)
  }
}

/** The error to show for what a folder or file of `setting` did not allow. Takes and answers any other error as it is. */
export function asUnusable(error: unknown, setting: string, path: string): unknown {
  const isOfSystem = error instanceof Error && 'syscall' in error
  return isOfSystem ? cannotUse(setting, path, 'path' in error ? String(error.path) : path, error) : error
}

function isFolder(folder: string, path: string, setting: string): boolean {
  try {
    if (statSync(folder).isDirectory()) return true
  } catch (error) {
    if (hasCode(error, 'ENOENT') && folder !== dirname(folder)) return false
    throw cannotUse(setting, path, folder, error)
  }
  throw cannotUse(setting, path, folder, Object.assign(new Error('not a folder'), { code: 'ENOTDIR' }))
}

const reasons: Record<string, string> = {
  EACCES: 'the user that QueueUp runs as may not do so',
  EPERM: 'the system does not allow it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'something else is in the way, perhaps a link that leads nowhere',
  ENOENT: 'the system does not let folders be made there',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the path is too long',
  EIO: 'the disk failed',
  ESTALE: 'the network file system has lost it',
}

function cannotUse(setting: string, path: string, at: string, error: unknown): ConfigError {
  const code = Object.keys(reasons).find((code) => hasCode(error, code))
  const reason = code ? `${code}, ${reasons[code]}` : error instanceof Error ? error.message : String(error)
  const where = at === path ? '' : ` (${at})`
  return new ConfigError(`${setting} ${path} cannot be used: ${reason}${where}. Make it usable, or set another one.`, {
    cause: error,
  })
}
