import type { Services } from '../../platform/services.ts'

/**
 * An account from before there was a mail server belongs to nobody for certain until its mailbox has answered. The first
 * account is not asked: its owner may have to fix the mail settings. Its mailbox can still claim it.
 */
export async function isMailboxProven({ config, db }: Services, userId: string): Promise<boolean> {
  if (!config.smtpUrl) return true
  const unproven = await db.kysely
    .selectFrom('users as u')
    .select('u.id')
    .where('u.id', '=', userId)
    .where('u.email_verified', '=', false)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('users as e').select('e.id').whereRef('e.created_at', '<', 'u.created_at')),
    )
    .executeTakeFirst()
  return unproven === undefined
}
