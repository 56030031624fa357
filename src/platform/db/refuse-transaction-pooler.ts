import pg from 'pg'
import { ConfigError } from '../config.ts'
import { connectionRefusal } from './connection-refusal.ts'
import { connectionOptions } from './open-database.ts'

const rounds = 3

/**
 * Session state must outlive a transaction here: roles, prepared statements and advisory locks depend on it. A pooler in
 * transaction mode hands a session's server on as soon as its transaction ends, which a second session shows. A pooler that
 * drops the settings of a session's start would drop the lesser role with them.
 * @throws ConfigError for such poolers, and where the database does not let us in at all.
 */
export async function refuseTransactionPooler(url: string): Promise<void> {
  const session = await connect(url)
  const other = await connect(url).catch(async (error: unknown) => {
    await session.end()
    throw error
  })
  try {
    if (await sharesServers(session, other)) {
      throw new ConfigError(
        'DATABASE_URL leads through a pooler in transaction mode, which loses session state. Use the database itself.',
      )
    }
  } finally {
    await Promise.all([session.end(), other.end()])
  }
  if (!(await passesOptionsOn(url))) {
    throw new ConfigError(
      'DATABASE_URL leads through a pooler that does not pass on the settings of a session ("options"), and the lesser role with them. Use the database itself.',
    )
  }
}

/** A pooler may refuse options, drop them, or keep the few it knows: ours is one that none knows. */
async function passesOptionsOn(url: string): Promise<boolean> {
  const session = await connect(url, `${connectionOptions(undefined)} -c queueup.probe=kept`).catch(() => undefined)
  if (!session) return false
  try {
    const { rows } = await session.query<{ probe: string }>("select current_setting('queueup.probe', true) as probe")
    return rows[0]?.probe === 'kept'
  } finally {
    await session.end()
  }
}

async function sharesServers(session: pg.Client, other: pg.Client): Promise<boolean> {
  const mine = await serverOf(session)
  for (let round = 1; round <= rounds; round++) {
    try {
      await other.query('begin')
    } catch {
      // A pooler by statement allows no transaction at all.
      return true
    }
    const taken = await serverOf(other)
    const now = await serverOf(session)
    await other.query('rollback')
    if (taken === mine || now !== mine) return true
  }
  return false
}

async function serverOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid
}

async function connect(url: string, options?: string): Promise<pg.Client> {
  try {
    const client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: 8_000,
      query_timeout: 30_000,
      ...(options === undefined ? {} : { options }),
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  } catch (error) {
    throw connectionRefusal(error)
  }
}
