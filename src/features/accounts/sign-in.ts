import { AppError } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { checkPassword } from './check-password.ts'
import { halfSessionCookie } from './half-session.ts'
import { startSession } from './sessions.ts'
import { requireToken, signInLimits, subscriberLine } from './sign-in-limits.ts'
import { findTwoFactor } from './two-factor.ts'

/**
 * Signs a person in with a new session, or half in where they have two-factor sign-in on; answers the cookie to set. A wrong
 * password and an unknown address are refused alike, after the same work.
 */
export async function signIn(
  services: Services,
  given: { email: string; password: string },
  meta: RequestMeta,
): Promise<{ cookie: string; needsCode: boolean }> {
  const email = given.email.trim().toLowerCase()
  const line = subscriberLine(meta.ip)
  const pair = services.secrets.hash('token', `${line} ${email}`).toString('base64url')
  await requireToken(services, `sign-in:${pair}`, signInLimits.pair)
  await requireToken(services, `sign-in:${line}`, signInLimits.address)
  const proven = await checkPassword(services, { email }, given.password)
  const needsCode = proven !== undefined && (await findTwoFactor(services, proven.userId)) !== undefined
  if (proven && needsCode) return { cookie: halfSessionCookie(services, proven), needsCode }
  const cookie = proven && (await startSession(services, proven, meta))
  if (!cookie) throw new AppError('unauthenticated', 'The e-mail address or the password is not right.')
  return { cookie, needsCode }
}

/** better-auth throws its refusals as errors with a status below 500. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500
  )
}
