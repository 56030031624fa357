import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import type { Tables } from './tables.ts'

/**
 * Row-level security shows a transaction the rows of one organisation only, also where the connection is a job's: it acts
 * under the application's role until the transaction is over.
 */
export async function enterOrganisation(
  transaction: Kysely<Tables>,
  { rowLevelRole }: Pick<Database, 'rowLevelRole'>,
  organisationId: string,
): Promise<void> {
  const role = rowLevelRole === undefined ? sql`` : sql`, set_config('role', ${rowLevelRole}, true)`
  await sql`select set_config('app.organisation_id', ${organisationId}, true)${role}`.execute(transaction)
}

/** Back to the role of the connection, still within the organisation: for what a job may do and the application's role may not. */
export async function leaveRole(transaction: Kysely<Tables>): Promise<void> {
  await sql`reset role`.execute(transaction)
}
