import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { Services } from '../../platform/services.ts'
import { isFirstAccount } from './mailbox-proof.ts'
import { makeResetLink } from './reset-links.ts'
import { confirmAddressMail, resetPasswordMail } from './reset-password-mail.ts'

/**
 * Makes a reset link and mails it, if the address is somebody's. Not done while the form waits: how long that took would
 * tell who has an account.
 */
export async function mailPasswordReset(services: Services, payload: unknown): Promise<void> {
  const { email, fairness_key: fairnessKey } = payload as { email: string; fairness_key?: string }
  const { config, db, secrets } = services
  const link = await makeResetLink(services, email, { isMailed: true })
  if (!link) return
  const user = await db.kysely
    .selectFrom('users')
    .select(['id', 'email_verified'])
    .where('email', '=', email)
    .executeTakeFirst()
  const confirms = config.smtpUrl !== undefined && user?.email_verified === false
  const mail = confirms
    ? confirmAddressMail(email, link, { keepsTwoFactor: await isFirstAccount(db.kysely, user.id) })
    : resetPasswordMail(email, link)
  const within = { sql: db.kysely, secrets, queue: 'sign_in', fairnessKey } as const
  await sendMailLater(within, mail)
}
