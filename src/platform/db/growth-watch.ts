import type { Logger } from 'pino'
import type { Database, Statement } from './database.ts'

const look: Statement = { name: 'learn_statistics', text: 'select learn_statistics()' }
const firstLookRows = 256
const lastLookRows = 65_536

const file: Statement = { name: 'file_search_entries', text: 'select file_search_entries()' }
const filedRows = 1_024
const filedAfterMs = 500

/**
 * Has PostgreSQL do behind those who join what they would wait for otherwise, or what it would do too late by itself.
 * It looks at tables that grow quickly: before its first statistics the planner finds people by any index that begins with
 * the organisation, and each join reads all who joined before. And it files who joined in the index of the search.
 */
export class GrowthWatch {
  readonly #db: Database
  readonly #log: Logger
  #rows = 0
  #nextLook = firstLookRows
  #looking: Promise<unknown> | undefined
  #unfiled = 0
  #filing: Promise<unknown> | undefined
  #later: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(db: Database, log: Logger) {
    this.#db = db
    this.#log = log
  }

  /** Takes note of rows that this process has added. Nobody waits for what follows. */
  added(rows: number): void {
    if (rows === 0) return
    this.#rows += rows
    this.#unfiled += rows
    if (this.#rows >= this.#nextLook && !this.#looking) {
      this.#nextLook = Math.min(this.#rows * 2, this.#rows + lastLookRows)
      this.#looking = this.#ask(look).finally(() => {
        this.#looking = undefined
      })
    }
    if (this.#unfiled >= filedRows) this.#file()
    else this.#fileLater()
  }

  /** When what is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#later)
    await Promise.all([this.#looking, this.#filing])
  }

  #fileLater(): void {
    if (!this.#isClosed) this.#later ??= setTimeout(() => this.#file(), filedAfterMs).unref()
  }

  #file(): void {
    clearTimeout(this.#later)
    this.#later = undefined
    if (this.#filing) return
    this.#unfiled = 0
    this.#filing = this.#ask(file).finally(() => {
      this.#filing = undefined
      // Whoever joined meanwhile may have come too late for it.
      if (this.#unfiled > 0) this.#fileLater()
    })
  }

  #ask(statement: Statement): Promise<unknown> {
    return this.#db
      .run(statement, [])
      .catch((error: unknown) => this.#log.warn({ err: error }, `${statement.name} did not succeed`))
  }
}
