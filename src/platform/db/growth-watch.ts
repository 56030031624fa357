import type { Logger } from 'pino'
import type { Database, Statement } from './database.ts'

const look: Statement = { name: 'learn_statistics', text: 'select learn_statistics()' }
const firstLookRows = 256
const lastLookRows = 65_536

/**
 * Has PostgreSQL look at tables that grow quickly. Before its first statistics the planner finds people by any index that
 * begins with the organisation, and each join reads all who joined before; autovacuum comes after seconds or a minute.
 */
export class GrowthWatch {
  readonly #db: Database
  readonly #log: Logger
  #rows = 0
  #nextLook = firstLookRows
  #looking: Promise<unknown> | undefined

  constructor(db: Database, log: Logger) {
    this.#db = db
    this.#log = log
  }

  /** Takes note of rows that this process has added. Nobody waits for what follows. */
  added(rows: number): void {
    this.#rows += rows
    if (this.#rows < this.#nextLook || this.#looking) return
    this.#nextLook = Math.min(this.#rows * 2, this.#rows + lastLookRows)
    this.#looking = this.#db
      .run(look, [])
      .catch((error: unknown) => this.#log.warn({ err: error }, 'could not gather first statistics'))
      .finally(() => {
        this.#looking = undefined
      })
  }

  /** When a look that is under way has ended. */
  async close(): Promise<void> {
    await this.#looking
  }
}
