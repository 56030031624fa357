import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'
import { hasCode } from '../../files/has-code.ts'
import { asUnusable } from '../../files/make-folder.ts'

const file = 'cluster-folder'

/**
 * The folder that a data directory names as its cluster's; undefined where none was made yet. The name stays true when the
 * whole data directory is moved.
 * @throws ConfigError where the file may not be read.
 */
export function readClusterFolder(dataDir: string): string | undefined {
  try {
    const text = readFileSync(join(dataDir, file), 'utf8').trim()
    return text === '' ? undefined : resolve(dataDir, text)
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw asUnusable(error, 'DATA_DIR', dataDir)
  }
}

/** Names the cluster's folder for later starts, so that none of them makes another cluster. */
export function keepClusterFolder(dataDir: string, folder: string): void {
  if (readClusterFolder(dataDir) === folder) return
  const path = relative(dataDir, folder)
  const half = join(dataDir, `.${file}-${process.pid}`)
  try {
    writeFileSync(half, `${path.split(sep)[0] === '..' ? folder : path}\n`, { mode: 0o600 })
    renameSync(half, join(dataDir, file))
  } catch (error) {
    throw asUnusable(error, 'DATA_DIR', dataDir)
  }
}
