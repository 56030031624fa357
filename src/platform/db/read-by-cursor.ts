import { type RawBuilder, sql, type Transaction } from 'kysely'
import { randomBase62 } from '../secrets.ts'
import type { Tables } from './tables.ts'

/** The rows of a query, however many, some at a time, as they are when the transaction's snapshot was taken. */
export async function* readByCursor<Row>(
  transaction: Transaction<Tables>,
  query: RawBuilder<Row>,
  rowsAtOnce = 1_000,
): AsyncGenerator<Row[]> {
  const name = sql.id(`rows_${randomBase62(12)}`)
  await sql`declare ${name} no scroll cursor for ${query}`.execute(transaction)
  for (let isMore = true; isMore; ) {
    const { rows } = await sql<Row>`fetch forward ${sql.lit(rowsAtOnce)} from ${name}`.execute(transaction)
    if (rows.length > 0) yield rows
    isMore = rows.length === rowsAtOnce
  }
  await sql`close ${name}`.execute(transaction)
}
