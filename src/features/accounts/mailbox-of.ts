import type { Secrets } from '../../platform/secrets.ts'

/**
 * What the mails to an email are counted under, as a keyed hash. Many servers deliver `ada+x@` and `a.da@` to one mailbox, so
 * that tags and dots make no further one here.
 */
export function mailboxOf(secrets: Secrets, email: string): string {
  const at = email.lastIndexOf('@')
  const local = email.slice(0, at).split('+')[0]?.replaceAll('.', '')
  return secrets.hash('token', `${local}${email.slice(at)}`).toString('base64url')
}
