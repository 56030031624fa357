import { AppError } from '../../platform/errors.ts'
import { takeToken } from '../../platform/rate-limit/take-token.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { Accounts } from './accounts.ts'

/**
 * Guessing is slowed by where it comes from, never by whom it is aimed at alone: nobody can lock another person out. Ten
 * sign-ins a minute from one address always pass.
 */
const limits: Record<'pair' | 'address', BucketRule> = {
  pair: { perSecond: 1 / 4, burst: 30 },
  address: { perSecond: 1 / 2, burst: 120 },
}

/** Sign-ups, and mails that a form sends, from one address. */
export const formLimit: BucketRule = { perSecond: 1 / 5, burst: 60 }

/** @throws AppError `rate_limited`. */
export async function requireToken(services: Services, subject: string, rule: BucketRule): Promise<void> {
  const grant = await takeToken(services.db, subject, rule)
  if (grant.granted > 0) return
  const seconds = Math.max(1, Math.ceil(grant.retry_after))
  throw new AppError('rate_limited', `Too many attempts. Wait ${seconds} s, then try again.`, {
    headers: { 'Retry-After': String(seconds) },
  })
}

/**
 * Signs a person in with a new session; answers the cookies to set. A wrong password and an unknown address are refused
 * alike, after the same work.
 */
export async function signIn(
  services: Services,
  accounts: Accounts,
  given: { email: string; password: string },
  meta: RequestMeta,
): Promise<string[]> {
  const email = given.email.trim().toLowerCase()
  const pair = services.secrets.hash('token', `${meta.ip} ${email}`).toString('base64url')
  await requireToken(services, `sign-in:${pair}`, limits.pair)
  await requireToken(services, `sign-in:${meta.ip}`, limits.address)
  try {
    const response = await accounts.api.signInEmail({
      body: { email, password: given.password },
      headers: new Headers({ 'user-agent': meta.userAgent ?? '' }),
      asResponse: true,
    })
    if (response.ok) return response.headers.getSetCookie()
    if (response.status >= 500) throw new Error(`better-auth answered ${response.status} to a sign-in`)
  } catch (error) {
    if (!isRefusal(error)) throw error
  }
  throw new AppError('unauthenticated', 'The e-mail address or the password is not right.')
}

/** better-auth throws its refusals as errors with a status below 500. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500
  )
}
