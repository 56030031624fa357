import { hashPassword } from 'better-auth/crypto'
import { AppError, fieldError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { checkPassword } from './check-password.ts'
import { passwordSchema } from './create-person.ts'
import { requireUncommonPassword } from './password-policy.ts'
import { securityMail } from './security-mails.ts'
import { startSession } from './sessions.ts'

/**
 * Sets a new password in exchange for the current one, ends every session, starts a fresh one for whoever did it, and makes
 * links to choose a password or an e-mail address lead nowhere; answers the cookie to set.
 * @throws AppError `validation_failed`.
 */
export async function changePassword(
  services: Services,
  person: { id: string; email: string; name?: string },
  given: { current: string; wanted: string },
  meta: RequestMeta,
): Promise<string> {
  const parsed = passwordSchema.safeParse(given.wanted)
  if (!parsed.success) throw fieldError('password', 'too_short', parsed.error.issues[0]?.message ?? '')
  await requireUncommonPassword(parsed.data, person)
  const proven = await checkPassword(services, { id: person.id }, given.current)
  if (!proven) throw notYourPassword()
  const passwordHash = await hashPassword(parsed.data)
  return services.db.kysely.transaction().execute(async (sql) => {
    const changed = await sql
      .updateTable('credentials')
      .set({ password: passwordHash })
      .where('user_id', '=', person.id)
      .where('password', '=', proven.passwordHash)
      .returning('id')
      .executeTakeFirst()
    if (!changed) throw notYourPassword()
    await sql.deleteFrom('sessions').where('user_id', '=', person.id).execute()
    await sql.deleteFrom('verifications').where('value', '=', person.id).execute()
    await sql.deleteFrom('email_changes').where('user_id', '=', person.id).execute()
    await sendMailLater({ sql, secrets: services.secrets }, securityMail(services, person.email, 'password', meta))
    const cookie = await startSession(services, { userId: person.id, passwordHash }, meta, sql)
    if (!cookie) throw new AppError('conflict', 'Your password was changed meanwhile.')
    return cookie
  })
}

function notYourPassword(): AppError {
  return fieldError('current_password', 'refused', 'This is not your current password.')
}
