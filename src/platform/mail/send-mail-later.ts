import type { Kysely } from 'kysely'
import type { Actor, Organisation } from '../context.ts'
import type { Tables } from '../db/tables.ts'
import { enqueue } from '../jobs/enqueue.ts'
import type { QueueName } from '../jobs/queues.ts'
import type { Secrets } from '../secrets.ts'
import type { Services } from '../services.ts'
import type { Mail } from './mailer.ts'

/** Whose turn the mails are sent in: that of the key, or else of the acting user, the organisation, or the recipient. */
interface MailSender {
  sql: Kysely<Tables>
  secrets: Secrets
  actor?: Actor
  organisation?: Pick<Organisation, 'id'>
  queue?: QueueName
  fairnessKey?: string | undefined
}

export const sendMailJob = 'send_mail'

/** Sends mails once the caller's transaction has committed, however long the mail server is away. */
export async function sendMailLater(within: MailSender, ...mails: Mail[]): Promise<void> {
  const { queue = 'general' } = within
  if (within.fairnessKey !== undefined || within.actor || within.organisation) {
    await enqueue(within, { name: sendMailJob, queue, fairnessKey: fairnessKeyOf(within) }, ...mails)
    return
  }
  for (const mail of mails) await enqueue(within, { name: sendMailJob, queue, fairnessKey: `to ${mail.to}` }, mail)
}

/** One user's mails have one turn, however many organisations they send them for. */
function fairnessKeyOf({ fairnessKey, actor, organisation }: MailSender): string {
  if (fairnessKey !== undefined) return fairnessKey
  return actor?.type === 'user' ? actor.id : (organisation?.id ?? '')
}

/** Does what `sendMailLater` queued. */
export async function sendQueuedMail(services: Services, payload: unknown): Promise<void> {
  await services.mailer.send(payload as Mail)
}
