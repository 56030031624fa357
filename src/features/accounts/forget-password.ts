import { enqueue } from '../../platform/jobs/enqueue.ts'
import { prefixBuckets, widestPrefix } from '../../platform/rate-limit/network-prefixes.ts'
import { takeToken } from '../../platform/rate-limit/take-token.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { personEmailSchema } from './create-person.ts'
import { formRules } from './sign-in-limits.ts'
import { requireStrangerTokens, strangerBucket } from './stranger-ceilings.ts'
import { findTrustedDevice } from './trusted-device.ts'

export const passwordResetJob = 'mail_password_reset'

/** Five mails at once, then one in twelve minutes: nobody can flood a mailbox through the form. */
export const resetMailRule = { perSecond: 1 / 720, burst: 5 }

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
  const subject = `forgot:${secrets.hash('token', email ?? '').toString('base64url')}`
  const { granted } = await takeToken(db, subject, resetMailRule)
  if (email === undefined || granted === 0) return
  const fairnessKey = device ?? widestPrefix(meta.ip)
  await enqueue(
    { sql: db.kysely, secrets },
    { name: passwordResetJob, queue: 'sign_in', fairnessKey },
    { email, fairness_key: fairnessKey },
  )
}
