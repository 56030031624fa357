import { chmodSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, type ConfigSecrets } from '../config.ts'
import { hasCode } from '../files/has-code.ts'
import { asUnusable, makeFolder } from '../files/make-folder.ts'
import { makeSecrets, randomBase62, type Secrets } from '../secrets.ts'
import { isWeakSecret } from '../weak-secret.ts'

/**
 * The secrets that all keyed hashes derive from: SECRET_KEY, or one made at the first start and kept in the data directory
 * for its owner alone to read.
 */
export function loadSecrets(dataDir: string, given: ConfigSecrets): Secrets {
  return makeSecrets(given.secretKey ?? usable(dataDir, (dataDir) => keptSecretKey(dataDir)), given.secretKeyPrevious)
}

/** The secret key that is set or kept; undefined where there is none yet. None is made. */
export function findSecretKey(dataDir: string, given: ConfigSecrets): string | undefined {
  return given.secretKey ?? usable(dataDir, (dataDir) => read(secretKeyPath(dataDir)))
}

/** Keeps a secret key that came from elsewhere, unless there is one. */
export function keepSecretKey(dataDir: string, key: string): void {
  usable(dataDir, (dataDir) => keptSecretKey(dataDir, key))
}

function secretKeyPath(dataDir: string): string {
  return join(dataDir, 'secret-key')
}

function usable<T>(dataDir: string, work: (dataDir: string) => T): T {
  try {
    return work(dataDir)
  } catch (error) {
    throw asUnusable(error, 'DATA_DIR', dataDir)
  }
}

function keptSecretKey(dataDir: string, made = randomBase62(43)): string {
  const path = secretKeyPath(dataDir)
  const known = read(path)
  if (known) {
    closeToOthers(path)
    return known
  }
  makeFolder(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700)
  const half = `${path}.${process.pid}`
  writeFileSync(half, made, { mode: 0o600 })
  chmodSync(half, 0o600)
  try {
    // Whole or not at all, and never over the key of a start that was quicker.
    linkSync(half, path)
  } catch (error) {
    if (!read(path)) throw error
  } finally {
    rmSync(half)
  }
  return read(path) ?? ''
}

/** A file that was brought from elsewhere may be open to everybody on the machine. */
function closeToOthers(path: string): void {
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
}

function read(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim()
    if (text.length < 32)
      throw new ConfigError(
        `${path} does not hold a secret key of at least 32 bytes; restore it from a backup or set SECRET_KEY.`,
      )
    if (isWeakSecret(text))
      throw new ConfigError(
        `${path} holds a secret key that can be guessed. Set SECRET_KEY to a random one and SECRET_KEY_PREVIOUS to this one.`,
      )
    return text
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
