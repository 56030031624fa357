import type { Bucket } from '../../platform/rate-limit/take-tokens.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { Secrets } from '../../platform/secrets.ts'

/** Of mails of one kind to one email: five at once, then one in twelve minutes. Nobody can flood a mailbox through a form. */
export const mailboxRule: BucketRule = { perSecond: 1 / 720, burst: 5 }

/** Of mails of one kind to all variants of one email together: 30 at once, then one in two minutes. */
export const variantsRule: BucketRule = { perSecond: 1 / 120, burst: 30 }

const gmail = /@(?:gmail|googlemail)\.com$/

/**
 * The buckets of one mail of a kind to a canonical email. Many servers deliver `ada+x@` to `ada@`, so variants also count
 * together. A plain email counts alone: requests for variants never keep its mail back.
 */
export function mailBuckets(secrets: Secrets, kind: string, email: string): Bucket[] {
  const subjectOf = (name: string) => `${kind}:${secrets.hash('token', name).toString('base64url')}`
  const exact = { subject: subjectOf(email), rule: mailboxRule }
  const family = familyOf(email)
  return family === undefined ? [exact] : [exact, { subject: subjectOf(family), rule: variantsRule }]
}

/**
 * The variants that an email counts among, or undefined for a plain one. Gmail ignores dots, and people do sign up with
 * theirs: spellings that differ in dots count apart from tagged ones, which would use up their allowance otherwise.
 */
function familyOf(email: string): string | undefined {
  const at = email.lastIndexOf('@')
  const [local, isGmail] = [email.slice(0, at), gmail.test(email)]
  // A plus at the beginning sets no tag apart.
  const plus = local.indexOf('+', 1)
  const untagged = plus === -1 ? local : local.slice(0, plus)
  const name = isGmail ? `${untagged.replaceAll('.', '')}@gmail.com` : `${untagged}${email.slice(at)}`
  if (plus !== -1) return `tagged ${name}`
  return isGmail && local.includes('.') ? `dotted ${name}` : undefined
}
