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
