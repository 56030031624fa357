import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { Services } from '../../platform/services.ts'
import { makeResetLink } from './reset-links.ts'
import { resetPasswordMail } from './reset-password-mail.ts'

/**
 * Makes a reset link and mails it, if the address is somebody's. Not done while the form waits: how long that took would
 * tell who has an account.
 */
export async function mailPasswordReset(services: Services, payload: unknown): Promise<void> {
  const { email } = payload as { email: string }
  const link = await makeResetLink(services, email, { isMailed: true })
  if (link) await sendMailLater({ sql: services.db.kysely, secrets: services.secrets }, resetPasswordMail(email, link))
}
