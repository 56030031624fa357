import { enqueue } from '../../platform/jobs/enqueue.ts'
import { takeToken } from '../../platform/rate-limit/take-token.ts'
import type { Services } from '../../platform/services.ts'
import { personEmailSchema } from './create-person.ts'

export const passwordResetJob = 'mail_password_reset'

/** Five mails at once, then one in twelve minutes: nobody can flood a mailbox through the form. */
const perMailbox = { perSecond: 1 / 720, burst: 5 }

/** Sees to it that a reset link is mailed, if the address is somebody's. The same for whatever was typed. */
export async function forgetPassword(services: Services, typed: string): Promise<void> {
  const { db, secrets } = services
  const email = personEmailSchema.safeParse(typed).data
  const subject = `forgot:${secrets.hash('token', email ?? '').toString('base64url')}`
  const { granted } = await takeToken(db, subject, perMailbox)
  if (email !== undefined && granted > 0) await enqueue({ sql: db.kysely, secrets }, passwordResetJob, { email })
}
