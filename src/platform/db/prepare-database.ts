import pg from 'pg'
import type { Logger } from 'pino'
import { type Config, ConfigError } from '../config.ts'
import type { Secrets } from '../secrets.ts'
import { startEmbeddedPostgres } from './embedded/start-embedded-postgres.ts'
import { migrate } from './migrate.ts'
import { refuseTransactionPooler } from './refuse-transaction-pooler.ts'
import { type DatabaseRoles, findStoredRoles } from './roles.ts'
import { acquireServerLock, acquireUse, type Claim, stopUnlessUsed } from './server-lock.ts'

export interface PreparedDatabase {
  url: string
  roles: DatabaseRoles
  /** Stops the embedded database, unless a server or a command still works with it. */
  stop(): Promise<void>
}

/**
 * A database that is running, migrated and made with our secret: the embedded one, or DATABASE_URL. A server takes the
 * embedded one for itself; the command line shares it. Whoever only inspects it finds it as it is, whatever its migrations and
 * its secret. Told to stop meanwhile, it stops what it has started.
 * @throws the reason of `stopping` where that was aborted.
 */
export async function prepareDatabase(
  config: Config,
  secrets: Secrets | undefined,
  log: Logger,
  as: 'server' | 'command' | 'inspection',
  stopping: AbortSignal,
): Promise<PreparedDatabase> {
  const embedded = config.databaseUrl
    ? undefined
    : await startEmbeddedPostgres({ dataDir: config.dataDir, log, stopping })
  const url = config.databaseUrl ?? embedded?.url ?? ''
  let claim: Claim | undefined
  const stop = async () => {
    await claim?.release()
    if (!embedded || (await stopUnlessUsed(url, embedded.stop))) return
    embedded.leave()
    log.info('the embedded database runs on: something else still works with it, and will stop it')
  }
  const prepare = async () => {
    if (embedded) claim = await (as === 'server' ? acquireServerLock(url, config.dataDir, log) : acquireUse(url))
    else await refuseTransactionPooler(url)
    const roles =
      as === 'inspection'
        ? ((await withClient(url, findStoredRoles)) ?? { owner: undefined, app: undefined })
        : await migrate(url, log)
    if (as !== 'inspection' && secrets) await withClient(url, (client) => checkSecret(client, secrets))
    return { url, roles, stop }
  }
  try {
    // A migration that is broken off is rolled back by the end of its connection.
    return await unlessAborted(prepare(), stopping)
  } catch (error) {
    await stop()
    throw error
  }
}

function unlessAborted<T>(work: Promise<T>, stopping: AbortSignal): Promise<T> {
  stopping.throwIfAborted()
  const aborted = new Promise<never>((_, reject) =>
    stopping.addEventListener('abort', () => reject(stopping.reason), { once: true }),
  )
  return Promise.race([work, aborted])
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Hashes made under another SECRET_KEY would never match: better not to start. */
async function checkSecret(client: pg.Client, secrets: Secrets): Promise<void> {
  await client.query('insert into installation (secret_version) values ($1) on conflict do nothing', [secrets.version])
  const { rows } = await client.query<{ secret_version: string }>('select secret_version from installation')
  const stored = rows[0]?.secret_version ?? ''
  if (!secrets.versions.includes(stored)) {
    throw new ConfigError(
      'SECRET_KEY is not the one this database was made with. Set the right one, or, to change it, also set SECRET_KEY_PREVIOUS to the old one.',
    )
  }
  if (stored !== secrets.version) await client.query('update installation set secret_version = $1', [secrets.version])
}
