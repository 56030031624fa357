import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { AppError } from '../../platform/errors.ts'

interface Account {
  id: string
  email: string
  email_verified: boolean
}

/**
 * Locks an account for the rest of the transaction: sign-ins and other changes of its credentials wait. Call it before
 * anything else, so that no two changes lock in different orders.
 */
export async function lockAccount(sql: Kysely<Tables>, userId: string): Promise<Account | undefined> {
  return sql
    .selectFrom('users')
    .select(['id', 'email', 'email_verified'])
    .where('id', '=', userId)
    .forNoKeyUpdate()
    .executeTakeFirst()
}

/**
 * Locks the account of somebody who is signed in, while they still are: a request that was on its way when their session
 * was ended changes nothing any more.
 * @throws AppError `unauthenticated`.
 */
export async function lockOwnAccount(sql: Kysely<Tables>, person: { id: string; sessionId: string }): Promise<void> {
  await lockAccount(sql, person.id)
  const session = await sql
    .selectFrom('sessions')
    .select('id')
    .where('id', '=', person.sessionId)
    .where('user_id', '=', person.id)
    .executeTakeFirst()
  if (!session) throw new AppError('unauthenticated', 'You were signed out meanwhile. Sign in again.')
}
