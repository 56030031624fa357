import { sql, type Transaction } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { AppError } from '../../platform/errors.ts'

/** Up to this many subscribers are looked at one by one, which takes some 20 ms, and as many found are sorted. */
export const fewSubscribers = 20_000

/** A search that takes longer is ended. */
export const searchMs = 10_000

/** Holds until the transaction is over. */
export async function limitSearchTime(transaction: Transaction<Tables>): Promise<void> {
  await sql`select set_config('statement_timeout', ${String(searchMs)}, true)`.execute(transaction)
}

/** The refusal of a text that the index cannot find, on a long waitlist. */
export function queryTooShort(): AppError {
  const detail =
    'This waitlist is long: search for at least three letters or digits in a row, such as "ada" or "example".'
  return new AppError('validation_failed', detail, { errors: [{ parameter: 'q', code: 'too_short', detail }] })
}
