import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { ConfigError } from '../../config.ts'
import { hasCode } from '../../files/has-code.ts'
import { neverShow } from '../../log/hide-secrets.ts'
import type { ClusterPlace } from './cluster-place.ts'
import type { ListensAt } from './listens-at.ts'

const connectMs = 5_000

/** A superuser's way to a database of the embedded server. */
export function connectionUrl(place: ClusterPlace, { port, socketFolder }: ListensAt, database: string): string {
  const password = readPassword(join(place.folder, 'password'))
  neverShow(password)
  const host = socketFolder === undefined ? '127.0.0.1' : encodeURIComponent(socketFolder)
  return `postgres://postgres:${password}@${host}:${port}/${database}`
}

function readPassword(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    throw new ConfigError(`${path} is missing. Bring it back from where it was copied from, or restore a backup.`)
  }
}

/**
 * Whether the server lets its superuser in already.
 * @throws ConfigError where it never will: the password does not fit.
 */
export async function canLogIn(place: ClusterPlace, at: ListensAt): Promise<boolean> {
  const client = connect(place, at)
  try {
    await client.connect()
    return true
  } catch (error) {
    // The login itself was refused. All else passes, as 57P03 does, "the database system is starting up".
    if (!hasCode(error, '28P01', '28000')) return false
    throw new ConfigError(
      `The password in ${join(place.folder, 'password')} is not that of the embedded database. Bring back the file that belongs to it.`,
      { cause: error },
    )
  } finally {
    void client.end().catch(() => undefined)
  }
}

/** Makes the database `queueup` unless it is there. */
export async function createDatabase(place: ClusterPlace, at: ListensAt): Promise<void> {
  const client = connect(place, at)
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

function connect(place: ClusterPlace, at: ListensAt): pg.Client {
  const client = new pg.Client({
    connectionString: connectionUrl(place, at, 'postgres'),
    connectionTimeoutMillis: connectMs,
  })
  client.on('error', () => undefined)
  return client
}
