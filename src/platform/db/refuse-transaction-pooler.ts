import pg from 'pg'
import { ConfigError } from '../config.ts'

const rounds = 3

/**
 * Session state must outlive a transaction here: roles, prepared statements and advisory locks depend on it. A pooler in
 * transaction mode hands a session's server on as soon as its transaction ends, which a second session shows.
 * @throws ConfigError for such a pooler, and where the database does not let us in at all.
 */
export async function refuseTransactionPooler(url: string): Promise<void> {
  const [session, other] = [await connect(url), await connect(url)]
  try {
    const mine = await serverOf(session)
    for (let round = 1; round <= rounds; round++) {
      await other.query('begin')
      const taken = await serverOf(other)
      const now = await serverOf(session)
      await other.query('rollback')
      if (taken === mine || now !== mine)
        throw new ConfigError(
          'DATABASE_URL leads through a pooler in transaction mode, which loses session state. Use session mode, or the database itself.',
        )
    }
  } finally {
    await Promise.all([session.end(), other.end()])
  }
}

async function serverOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, query_timeout: 30_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return client
  } catch (error) {
    // The driver's words name the address and the user, never the password.
    const reason = error instanceof AggregateError ? error.errors[0] : error
    throw new ConfigError(
      `The database of DATABASE_URL does not let us in: ${reason instanceof Error ? reason.message : String(reason)}.`,
    )
  }
}
