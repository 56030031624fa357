import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Logger } from 'pino'
import { asUnavailable } from './connection-failure.ts'
import type { Database, HeldConnection, Statement } from './database.ts'
import { dropLost } from './drop-lost.ts'
import { randomPageCost } from './embedded/server-settings.ts'
import { HungBackends } from './hung-backends.ts'
import type { Tables } from './tables.ts'

interface Options {
  url: string
  /** The role to act under; undefined acts as the login. */
  role: string | undefined
  /** The role of the row-level wall, behind which a transaction of one organisation steps. */
  rowLevelRole?: string | undefined
  maxConnections: number
  log: Logger
  patience?: Patience
}

/** How long a statement may wait for a lock, and take in all, before it fails as `unavailable`. */
interface Patience {
  lockMs: number
  statementMs: number
  /** How long a connection may take to come about. */
  connectMs?: number
  /** Past `statementMs`: a server that has not said so itself by then is frozen, or its machine is gone. */
  silenceMs?: number
}

const int8 = 20
const usual = { connectMs: 5_000, silenceMs: 2_000 }
// Counts and numbers of this product stay far below 2^53.
pg.types.setTypeParser(int8, Number)

/**
 * A pool of connections under one role. Nothing is connected before the first query. Of those it gives up
 * it leaves fewer than twice `maxConnections` hanging at the server, then opens no more until some are gone.
 */
export function openDatabase({ url, role, rowLevelRole, maxConnections, log, patience }: Options): Database {
  const { connectMs, silenceMs } = { ...usual, ...patience }
  const settings = {
    connectionString: url,
    options: connectionOptions(role, patience),
    ...(patience ? { query_timeout: patience.statementMs + silenceMs } : {}),
    keepAlive: true,
    connectionTimeoutMillis: connectMs,
    application_name: 'queueup',
  }
  const hung = new HungBackends(maxConnections)
  const openPool = (max: number) => {
    const pool = new pg.Pool({
      ...settings,
      max,
      idleTimeoutMillis: 60_000,
      onConnect: (client) => hung.requireFew(client),
    })
    pool.on('remove', (client) => hung.noteLetGo(client))
    // Without a listener an idle connection that breaks would end the process.
    pool.on('error', (error) => log.warn({ err: error }, 'an idle database connection broke'))
    // Nor may one that breaks between two statements of a transaction: the next statement fails, which is enough.
    pool.on('connect', (client) => void client.on('error', () => undefined))
    return pool
  }
  const pool = openPool(maxConnections)
  // Transactions that held the whole pool and waited for another connection of it would wait for each other.
  const aside = openPool(1)
  const statementsOf = (pool: pg.Pool) => ({
    kysely: new Kysely<Tables>({ dialect: new PostgresDialect({ pool: dropLost(pool) }) }),
    async run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
      try {
        const { rows } = await pool.query({ name: statement.name, text: statement.text, values: [...values] })
        return rows as Row[]
      } catch (error) {
        throw asUnavailable(error)
      }
    },
  })
  return {
    rowLevelRole,
    ...statementsOf(pool),
    aside: statementsOf(aside),
    async hold(): Promise<HeldConnection> {
      const client = new pg.Client(settings)
      client.on('error', (error) => log.warn({ err: error }, 'a held database connection broke'))
      try {
        await client.connect()
      } catch (error) {
        throw asUnavailable(error)
      }
      // One at a time: a connection takes no second query before it has answered the first.
      let last: Promise<unknown> = Promise.resolve()
      let isReleased = false
      return {
        query<Row>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
          const answer = last.then(async () => {
            try {
              return (await client.query(text, [...values])).rows as Row[]
            } catch (error) {
              throw asUnavailable(error)
            }
          })
          last = answer.catch(() => undefined)
          return answer
        },
        // Of many who found it broken each gives it back.
        release: () => {
          if (isReleased) return
          isReleased = true
          client.end().catch(() => undefined)
        },
      }
    },
    close: async () => void (await Promise.all([pool.end(), aside.end()])),
  }
}

/**
 * JIT costs a hundred times what it saves on short queries. A page read at random costs what the embedded server takes it to:
 * with PostgreSQL's own 4, made for disks that turn, searches and look-ups of keys may read whole tables. The role is taken at
 * the start of the session.
 */
export function connectionOptions(role: string | undefined, patience?: Patience): string {
  const settings = ['jit=off', `random_page_cost=${randomPageCost}`, 'timezone=UTC', 'search_path=public,pg_temp']
  if (role !== undefined) settings.push(`role=${role}`)
  if (patience) settings.push(`lock_timeout=${patience.lockMs}`, `statement_timeout=${patience.statementMs}`)
  return settings.map((setting) => `-c ${setting.replace(/([\\ ])/g, '\\$1')}`).join(' ')
}
