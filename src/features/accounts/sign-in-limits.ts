import ipaddr from 'ipaddr.js'
import { AppError } from '../../platform/errors.ts'
import { takeToken } from '../../platform/rate-limit/take-token.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { Services } from '../../platform/services.ts'

/**
 * Guessing is slowed by where it comes from, never by whom it is aimed at alone: nobody can lock another person out. Ten
 * sign-ins a minute from one address always pass.
 */
export const signInLimits: Record<'pair' | 'address', BucketRule> = {
  pair: { perSecond: 1 / 4, burst: 30 },
  address: { perSecond: 1 / 2, burst: 120 },
}

/** Sign-ups, and mails that a form sends, from one address. */
export const formLimit: BucketRule = { perSecond: 1 / 5, burst: 60 }

/**
 * Guesses of what a signed-in person knows, for each session: whoever has stolen one cannot use up the tries of the person
 * whose it is.
 */
export const guessLimit: BucketRule = { perSecond: 1 / 60, burst: 10 }

/** @throws AppError `rate_limited`. */
export async function requireToken(services: Services, subject: string, rule: BucketRule): Promise<void> {
  const grant = await takeToken(services.db, subject, rule)
  if (grant.granted > 0) return
  const seconds = Math.max(1, Math.ceil(grant.retry_after))
  throw new AppError('rate_limited', `Too many attempts. Wait ${seconds} s, then try again.`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

/** Who an address stands for: with IPv6 the whole /64, which is what one subscriber gets. */
export function subscriberLine(ip: string | null): string {
  if (!ip || !ipaddr.isValid(ip)) return 'unknown'
  const address = ipaddr.process(ip)
  if (address.kind() === 'ipv4') return address.toString()
  return `${(address as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`
}
