import { type Bucket, requireTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { Services } from '../../platform/services.ts'

/**
 * What people whom this server does not know yet may cause on all of it, wherever they come from. Invited people, trusted
 * devices and accounts older than a week are not counted, and so are never refused for others.
 */
export const strangerCeilings = {
  signUp: { perSecond: 10, burst: 1_000 },
  forgotPassword: { perSecond: 10, burst: 3_000 },
  /** To other people's mailboxes, by accounts younger than a week: invitations and new emails. */
  newcomerMail: { perSecond: 1, burst: 1_000 },
} satisfies Record<string, BucketRule>

export const newcomerDays = 7

export function strangerBucket(what: keyof typeof strangerCeilings): Bucket {
  return { subject: `server:${what}`, rule: strangerCeilings[what] }
}

/** The bucket of newcomers' mails where the user is one; none for others. */
export async function newcomerBuckets(services: Services, userId: string): Promise<Bucket[]> {
  const user = await services.db.kysely
    .selectFrom('users')
    .select('created_at')
    .where('id', '=', userId)
    .executeTakeFirst()
  const isNewcomer = user && services.now().getTime() - user.created_at.getTime() < newcomerDays * 86_400_000
  return isNewcomer ? [strangerBucket('newcomerMail')] : []
}

/** @throws AppError `rate_limited`. */
export function requireStrangerTokens(services: Services, buckets: readonly Bucket[]): Promise<void> {
  return requireTokens(
    services,
    buckets,
    (wait) => `Too many of these were sent from your network or to this server. Wait ${wait}, then try again.`,
  )
}
