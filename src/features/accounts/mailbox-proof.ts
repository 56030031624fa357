import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'

/**
 * An account from before there was a mail server belongs to nobody for certain until its mailbox has answered. The first
 * account is not asked: its owner may have to fix the mail settings. Its mailbox can still claim it, all but its two-factor
 * sign-in.
 */
export async function isMailboxProven(services: Services, userId: string): Promise<boolean> {
  const sql = services.db.kysely
  return !(await isAddressUnconfirmed(services, sql, userId)) || isFirstAccount(sql, userId)
}

/** Whether no other account is older. Nobody can have made it with the address of an earlier user. */
export async function isFirstAccount(sql: Kysely<Tables>, userId: string): Promise<boolean> {
  const earlier = await sql
    .selectFrom('users as u')
    .innerJoin('users as e', (join) => join.onRef('e.created_at', '<', 'u.created_at'))
    .select('e.id')
    .where('u.id', '=', userId)
    .limit(1)
    .executeTakeFirst()
  return earlier === undefined
}

/** Whether mails are sent, and no mail has ever confirmed the address of an account. */
export async function isAddressUnconfirmed(
  { config }: Pick<Services, 'config'>,
  sql: Kysely<Tables>,
  userId: string,
): Promise<boolean> {
  if (!config.smtpUrl) return false
  const user = await sql
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('email_verified', '=', false)
    .executeTakeFirst()
  return user !== undefined
}

/**
 * Two-factor sign-in needs a confirmed address: a mistyped one would let somebody else choose the password.
 * @throws AppError `forbidden`.
 */
export async function requireConfirmedAddress(
  services: Pick<Services, 'config'>,
  sql: Kysely<Tables>,
  userId: string,
): Promise<void> {
  if (!(await isAddressUnconfirmed(services, sql, userId))) return
  throw new AppError('forbidden', 'Confirm your email address before you turn on two-factor sign-in.', {
    page: { title: 'Confirm your email address first', way: ['Go to your account', '/account#email-card'] },
  })
}
