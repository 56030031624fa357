import { AppError } from '../../platform/errors.ts'
import { subscriberLine, subscriberSite } from '../../platform/rate-limit/subscriber-line.ts'
import { takeToken } from '../../platform/rate-limit/take-token.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'

/**
 * Guessing is slowed by where it comes from, never by whom it is aimed at alone: nobody can lock another person out. Ten
 * sign-ins a minute from one address always pass.
 */
const signInLimits = {
  pair: { perSecond: 1 / 4, burst: 30 },
  line: { perSecond: 1 / 2, burst: 120 },
  /** All lines of one site at one account, and at any. */
  sitePair: { perSecond: 1 / 4, burst: 90 },
  site: { perSecond: 4, burst: 960 },
} satisfies Record<string, BucketRule>

/** Sign-ups, and mails that a form sends, from one address. */
export const formLimit: BucketRule = { perSecond: 1 / 5, burst: 60 }

/**
 * Guesses of what a signed-in person knows, for each session: whoever has stolen one cannot use up the tries of the person
 * whose it is.
 */
export const guessLimit: BucketRule = { perSecond: 1 / 60, burst: 10 }

/** Lets a sign-in try a password from a browser that the user does not trust. @throws AppError `rate_limited`. */
export async function requireSignInToken(services: Services, email: string, { ip }: RequestMeta): Promise<void> {
  const pair = (where: string) => `sign-in:${services.secrets.hash('token', `${where} ${email}`).toString('base64url')}`
  const [line, site] = [subscriberLine(ip), subscriberSite(ip)]
  await requireToken(services, pair(line), signInLimits.pair)
  await requireToken(services, `sign-in:${line}`, signInLimits.line)
  if (!site) return
  await requireToken(services, pair(site), signInLimits.sitePair)
  await requireToken(services, `sign-in:${site}`, signInLimits.site)
}

/**
 * Follows a mailed link. Whoever tries out many that lead nowhere (`not_found`) is slowed; a good one always works.
 * @throws AppError `rate_limited`, and whatever `follow` throws.
 */
export async function followLink<T>(services: Services, { ip }: RequestMeta, follow: () => Promise<T>): Promise<T> {
  try {
    return await follow()
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found')
      await requireToken(services, `link:${subscriberLine(ip)}`, formLimit)
    throw error
  }
}

/** @throws AppError `rate_limited`. */
export async function requireToken(services: Services, subject: string, rule: BucketRule): Promise<void> {
  const grant = await takeToken(services.db, subject, rule)
  if (grant.granted > 0) return
  const seconds = Math.max(1, Math.ceil(grant.retry_after))
  throw new AppError(
    'rate_limited',
    `Too many attempts. Wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}, then try again.`,
    {
      headers: { 'Retry-After': String(seconds) },
    },
  )
}
