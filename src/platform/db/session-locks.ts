import { createHash } from 'node:crypto'
import type { Database, HeldConnection } from './database.ts'

/**
 * Marks that something is under way, seen by all processes at once and gone with the process that set it: advisory locks
 * (never waited for) on one connection that does nothing else.
 */
export class SessionLocks {
  readonly #db: Database
  #connection: Promise<HeldConnection> | undefined
  #held: HeldConnection | undefined
  readonly #here = new Set<string>()

  constructor(db: Database) {
    this.#db = db
  }

  /** Runs `work` under the mark; undefined, at once, when somebody else has it. */
  async tryWith<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    // A session may take its own lock twice, so that two requests of one process need this.
    if (this.#here.has(name)) return undefined
    this.#here.add(name)
    try {
      const key = createHash('sha256').update(name).digest().readBigInt64BE().toString()
      // A connection that broke while it lay idle says so only now: once more, on a new one.
      const taken = await this.#take(key).catch(() => this.#take(key))
      if (!taken) return undefined
      const { connection } = taken
      try {
        return await work()
      } finally {
        await this.#query(connection, 'select pg_advisory_unlock($1)', key).catch(() => undefined)
      }
    } finally {
      this.#here.delete(name)
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined)
    connection?.release()
    this.#connection = undefined
  }

  async #take(key: string): Promise<{ connection: HeldConnection } | undefined> {
    const connection = await this.#hold()
    const [row] = await this.#query<{ taken: boolean }>(connection, 'select pg_try_advisory_lock($1) as taken', key)
    return row?.taken ? { connection } : undefined
  }

  async #query<Row>(connection: HeldConnection, text: string, key: string): Promise<Row[]> {
    try {
      return await connection.query<Row>(text, [key])
    } catch (error) {
      // The locks went with the connection; the next one starts afresh. Of many who found it broken only the first lets go of
      // it: by the second the next one may be on its way, and would be left open for good.
      if (this.#held === connection) {
        this.#held = undefined
        this.#connection = undefined
      }
      connection.release()
      throw error
    }
  }

  #hold(): Promise<HeldConnection> {
    this.#connection ??= this.#db.hold().then(
      (connection) => {
        this.#held = connection
        return connection
      },
      (error: unknown) => {
        this.#connection = undefined
        throw error
      },
    )
    return this.#connection
  }
}
