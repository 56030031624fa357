import { type AppError, fieldError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { checkPassword } from './check-password.ts'
import { passwordSchema } from './create-person.ts'
import { credentialsChangedHere } from './credentials-changed-here.ts'
import { lockOwnAccount } from './lock-account.ts'
import { hashPassword, knownTurn } from './password-hash.ts'
import { requireUncommonPassword } from './password-policy.ts'
import { securityMail } from './security-mails.ts'
import { confirmSession, type SignedIn } from './sessions.ts'

/**
 * Sets a new password in exchange for the current one and ends all that rests on the earlier one, but for the browser that
 * did it; answers the cookies to set.
 * @throws AppError `validation_failed`.
 */
export async function changePassword(
  services: Services,
  person: SignedIn & { email: string; name?: string },
  given: { current: string; wanted: string },
  by: { cookies: string | undefined; meta: RequestMeta },
): Promise<string[]> {
  const parsed = passwordSchema.safeParse(given.wanted)
  if (!parsed.success) throw fieldError('password', 'too_short', parsed.error.issues[0]?.message ?? '')
  await requireUncommonPassword(parsed.data, person)
  const proven = await checkPassword(services, { id: person.id }, given.current)
  if (!proven) throw notYourPassword()
  const passwordHash = await hashPassword(parsed.data, knownTurn(person.id))
  return services.db.kysely.transaction().execute(async (sql) => {
    await lockOwnAccount(sql, person)
    const changed = await sql
      .updateTable('credentials')
      .set({ password: passwordHash })
      .where('user_id', '=', person.id)
      .where('password', '=', proven.passwordHash)
      .returning('id')
      .executeTakeFirst()
    if (!changed) throw notYourPassword()
    const cookies = await credentialsChangedHere(services, sql, 'password_changed', person, by.cookies)
    await confirmSession(services, person, sql)
    await sendMailLater({ sql, secrets: services.secrets }, securityMail(services, person.email, 'password', by.meta))
    return cookies
  })
}

function notYourPassword(): AppError {
  return fieldError('current_password', 'refused', 'This is not your current password.')
}
