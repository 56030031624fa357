import { enqueue } from '../../platform/jobs/enqueue.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import { widestPrefix } from '../../platform/rate-limit/network-prefixes.ts'
import { tryTakeTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { findPerson, type NewPerson } from './create-person.ts'
import { mailBuckets } from './mail-buckets.ts'
import { pendingSignUpCookie, signUpToken } from './pending-sign-up.ts'
import { haveAccountMail, signUpMail } from './sign-up-mails.ts'

export const signUpJob = 'mail_sign_up'

/**
 * Whether a sign-up is confirmed from its mailbox: where there is a mail server, but not by the first person, who may yet
 * have to set it right.
 */
export async function isSignUpConfirmed({ config, db }: Services): Promise<boolean> {
  if (!config.smtpUrl) return false
  return (await db.kysely.selectFrom('users').select('id').limit(1).executeTakeFirst()) !== undefined
}

/**
 * Sees to it that a link to go on is mailed, or, where the address has an account, a word of that; answers the cookie that
 * keeps the password till then. Nothing here tells which: it is found out while nobody waits.
 */
export async function requestSignUp(
  services: Services,
  { email, passwordHash }: NewPerson,
  { ip }: RequestMeta,
): Promise<string> {
  const { db, secrets } = services
  const mayMail = await tryTakeTokens(services, mailBuckets(secrets, 'sign-up-mail', email))
  const fairnessKey = widestPrefix(ip)
  const job = { name: signUpJob, queue: 'sign_in', fairnessKey } as const
  if (mayMail) await enqueue({ sql: db.kysely, secrets }, job, { email, fairness_key: fairnessKey })
  return pendingSignUpCookie(services, email, passwordHash)
}

/** Does what `requestSignUp` queued. */
export async function mailSignUp(services: Services, payload: unknown): Promise<void> {
  const { email, fairness_key: fairnessKey } = payload as { email: string; fairness_key?: string }
  const { config, db, secrets } = services
  const isTaken = (await findPerson(db.kysely, email)) !== undefined
  const mail = isTaken
    ? haveAccountMail(config.publicUrl, email)
    : signUpMail(config.publicUrl, email, signUpToken(services, email))
  await sendMailLater({ sql: db.kysely, secrets, queue: 'sign_in', fairnessKey }, mail)
}
