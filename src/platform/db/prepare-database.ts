import pg from 'pg'
import type { Logger } from 'pino'
import { type Config, ConfigError } from '../config.ts'
import type { Secrets } from '../secrets.ts'
import { startEmbeddedPostgres } from './embedded/start-embedded-postgres.ts'
import { migrate } from './migrate.ts'
import { refuseTransactionPooler } from './refuse-transaction-pooler.ts'
import type { DatabaseRoles } from './roles.ts'
import { acquireServerLock, acquireUse, type Claim, stopUnlessUsed } from './server-lock.ts'

export interface PreparedDatabase {
  url: string
  roles: DatabaseRoles
  /** Stops the embedded database, unless a server or a command still works with it. */
  stop(): Promise<void>
}

/**
 * A database that is running, migrated and made with our secret: the embedded one, or DATABASE_URL. A server takes the
 * embedded one for itself; the command line shares it.
 */
export async function prepareDatabase(
  config: Config,
  secrets: Secrets,
  log: Logger,
  as: 'server' | 'command',
): Promise<PreparedDatabase> {
  const embedded = config.databaseUrl ? undefined : await startEmbeddedPostgres({ dataDir: config.dataDir, log })
  const url = config.databaseUrl ?? embedded?.url ?? ''
  let claim: Claim | undefined
  const stop = async () => {
    await claim?.release()
    if (!embedded || (await stopUnlessUsed(url, embedded.stop))) return
    embedded.leave()
    log.info('the embedded database runs on: something else still works with it, and will stop it')
  }
  try {
    if (embedded) claim = await (as === 'server' ? acquireServerLock(url, config.dataDir, log) : acquireUse(url))
    else await refuseTransactionPooler(url)
    const roles = await migrate(url, log)
    await checkSecret(url, secrets)
    return { url, roles, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Hashes made under another SECRET_KEY would never match: better not to start. */
async function checkSecret(url: string, secrets: Secrets): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('insert into installation (secret_version) values ($1) on conflict do nothing', [
      secrets.version,
    ])
    const { rows } = await client.query<{ secret_version: string }>('select secret_version from installation')
    const stored = rows[0]?.secret_version ?? ''
    if (!secrets.versions.includes(stored)) {
      throw new ConfigError(
        'SECRET_KEY is not the one this database was made with. Set the right one, or, to change it, also set SECRET_KEY_PREVIOUS to the old one.',
      )
    }
    if (stored !== secrets.version) await client.query('update installation set secret_version = $1', [secrets.version])
  } finally {
    await client.end()
  }
}
