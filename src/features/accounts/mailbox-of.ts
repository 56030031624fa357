import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { Secrets } from '../../platform/secrets.ts'

/** Of mails of one kind to one mailbox: five at once, then one in twelve minutes. Nobody can flood a mailbox through a form. */
export const mailboxRule: BucketRule = { perSecond: 1 / 720, burst: 5 }

/**
 * What the mails to an email are counted under, as a keyed hash. Many servers deliver `ada+x@` and `a.da@` to one mailbox, so
 * that tags and dots make no further one here.
 */
export function mailboxOf(secrets: Secrets, email: string): string {
  const at = email.lastIndexOf('@')
  const local = email.slice(0, at).split('+')[0]?.replaceAll('.', '')
  return secrets.hash('token', `${local}${email.slice(at)}`).toString('base64url')
}
