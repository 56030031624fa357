import type { Kysely } from 'kysely'
import type { Tables } from '../db/tables.ts'
import { enqueue } from '../jobs/enqueue.ts'
import type { Secrets } from '../secrets.ts'
import type { Services } from '../services.ts'
import type { Mail } from './mailer.ts'

export const sendMailJob = 'send_mail'

/** Sends mails once the caller's transaction has committed, however long the mail server is away. */
export async function sendMailLater(
  within: { sql: Kysely<Tables>; secrets: Secrets },
  ...mails: Mail[]
): Promise<void> {
  await enqueue(within, sendMailJob, ...mails)
}

/** Does what `sendMailLater` queued. */
export async function sendQueuedMail(services: Services, payload: unknown): Promise<void> {
  await services.mailer.send(payload as Mail)
}
