import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'

/** A statement that every connection prepares once, under its name, and then only executes. */
export interface Statement {
  name: string
  text: string
}

/** A connection kept by one holder, for what lives as long as a session does: advisory locks, LISTEN. */
export interface HeldConnection {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>
  /** Ends the connection; its locks go with it. */
  release(): void
}

/** A pool of connections under one role. Failures to reach the server surface as AppError `unavailable`. */
export interface Database {
  /** Whom a transaction of one organisation acts as, where that is not whom the connections act as anyway. */
  rowLevelRole?: string | undefined
  kysely: Kysely<Tables>
  /** Runs a prepared statement in one round trip, outside any transaction but its own. */
  run<Row>(statement: Statement, values: readonly unknown[]): Promise<Row[]>
  /** The same by a connection that no transaction holds, for statements from within one: what they do stays if that is rolled back. */
  aside: Pick<Database, 'kysely' | 'run'>
  /** Takes a connection of its own beside the pool. */
  hold(): Promise<HeldConnection>
  close(): Promise<void>
}
