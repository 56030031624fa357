import type { Mail } from '../../platform/mail/mailer.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { Services } from '../../platform/services.ts'
import { makeAccounts } from './accounts.ts'

/**
 * Makes a reset link and mails it, if the address is somebody's. Not done while the form waits: how long that took would
 * tell who has an account.
 */
export async function mailPasswordReset(services: Services, payload: unknown): Promise<void> {
  const { email } = payload as { email: string }
  const mails: Mail[] = []
  const mailer = { send: async (mail: Mail) => void mails.push(mail) }
  await makeAccounts({ ...services, mailer }).api.requestPasswordReset({ body: { email } })
  for (const mail of mails) await sendMailLater({ sql: services.db.kysely, secrets: services.secrets }, mail)
}
