import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { AppError } from '../../platform/errors.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import { findPerson } from './create-person.ts'

const validMs = 3_600_000

interface ResetLink {
  userId: string
  /** Opening it proves the mailbox. The operator's links are passed on by hand. */
  isMailed: boolean
}

/** A link to choose a password, good once and for an hour; undefined where there is no account with that address. */
export async function makeResetLink(
  { config, db, secrets, now }: Services,
  email: string,
  { isMailed }: { isMailed: boolean },
): Promise<string | undefined> {
  const person = await findPerson(db.kysely, email)
  if (!person) return undefined
  const token = randomBase62(32)
  await db.kysely
    .insertInto('reset_links')
    .values({
      token_hash: secrets.hash('token', token),
      user_id: person.id,
      is_mailed: isMailed,
      expires_at: new Date(now().getTime() + validMs),
    })
    .execute()
  return `${config.publicUrl}/reset-password/${token}`
}

/** What a link stands for, while it is good. */
export async function findResetLink(
  { secrets, now }: Services,
  sql: Kysely<Tables>,
  token: string,
): Promise<ResetLink | undefined> {
  const link = await sql
    .selectFrom('reset_links')
    .select(['user_id', 'is_mailed'])
    .where('token_hash', 'in', secrets.hashes('token', token))
    .where('expires_at', '>', now())
    .executeTakeFirst()
  return link && { userId: link.user_id, isMailed: link.is_mailed }
}

/** Uses a link up. The caller has locked the account. @throws AppError `not_found`. */
export async function useResetLink({ secrets, now }: Services, sql: Kysely<Tables>, token: string): Promise<void> {
  const used = await sql
    .deleteFrom('reset_links')
    .where('token_hash', 'in', secrets.hashes('token', token))
    .where('expires_at', '>', now())
    .returning('user_id')
    .executeTakeFirst()
  if (!used) throw resetLinkGone()
}

export function resetLinkGone(): AppError {
  return new AppError('not_found', 'This link is used up or older than an hour. Ask for another.', {
    page: { title: 'This link does not work any more', way: ['Ask for another link', '/forgot-password'] },
  })
}
