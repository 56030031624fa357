import { enqueue } from '../../platform/jobs/enqueue.ts'
import { prefixBuckets, widestPrefix } from '../../platform/rate-limit/network-prefixes.ts'
import { tryTakeTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { personEmailSchema } from './create-person.ts'
import { mailboxRule } from './mail-buckets.ts'
import { formRules } from './sign-in-limits.ts'
import { requireStrangerTokens, strangerBucket } from './stranger-ceilings.ts'
import { findTrustedDevice } from './trusted-device.ts'

export const passwordResetJob = 'mail_password_reset'

/**
 * Sees to it that a reset link is mailed, if the address is somebody's. The same for whatever was typed. A browser in which
 * the user signed in before is not refused for what others send. @throws AppError `rate_limited`.
 */
export async function forgetPassword(
  services: Services,
  given: { email: string; cookies: string | undefined },
  meta: RequestMeta,
): Promise<void> {
  const { db, secrets } = services
  const email = personEmailSchema.safeParse(given.email).data
  const device = email === undefined ? undefined : await findTrustedDevice(services, given.cookies, { email })
  const buckets = device
    ? [{ subject: `forgot:device ${device}`, rule: formRules.host }]
    : [...prefixBuckets('forgot', meta.ip, formRules), strangerBucket('forgotPassword')]
  await requireStrangerTokens(services, buckets)
  // By the exact email alone: a variant is another account, or none, and gets no mail of this one's.
  const subject = `forgot:${secrets.hash('token', email ?? '').toString('base64url')}`
  const mayMail = await tryTakeTokens(services, [{ subject, rule: mailboxRule }])
  if (email === undefined || !mayMail) return
  const fairnessKey = device ?? widestPrefix(meta.ip)
  await enqueue(
    { sql: db.kysely, secrets },
    { name: passwordResetJob, queue: 'sign_in', fairnessKey },
    { email, fairness_key: fairnessKey },
  )
}
