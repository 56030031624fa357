import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { Services } from '../../platform/services.ts'
import { makeResetLink } from './make-reset-link.ts'
import { resetPasswordMail } from './reset-password-mail.ts'

/**
 * Makes a reset link and mails it, if the address is somebody's. Not done while the form waits: how long that took would
 * tell who has an account.
 */
export async function mailPasswordReset(services: Services, payload: unknown): Promise<void> {
  const { email, fairness_key: fairnessKey } = payload as { email: string; fairness_key?: string }
  const link = await makeResetLink(services, email)
  const within = { sql: services.db.kysely, secrets: services.secrets, queue: 'sign_in', fairnessKey } as const
  if (link) await sendMailLater(within, resetPasswordMail(email, link))
}
