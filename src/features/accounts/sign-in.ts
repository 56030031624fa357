import { AppError } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { checkPassword } from './check-password.ts'
import { halfSessionCookie } from './half-session.ts'
import { findKnownDevice, knownDeviceCookie } from './known-device.ts'
import { knownTurn, strangersTurn } from './password-hash.ts'
import { startSession } from './sessions.ts'
import { requireSignInToken } from './sign-in-limits.ts'
import { findTwoFactor } from './two-factor.ts'

export interface SignedIn {
  /** To be set. */
  cookies: string[]
  /** Half in: two-factor sign-in asks for a code yet. */
  needsCode: boolean
}

/**
 * Signs a person in with a new session, or half in where they have two-factor sign-in on; answers the cookies to set. A wrong
 * password and an unknown address are refused alike, after the same work.
 */
export async function signIn(
  services: Services,
  given: { email: string; password: string; cookies: string | undefined },
  meta: RequestMeta,
): Promise<SignedIn> {
  const email = given.email.trim().toLowerCase()
  const device = findKnownDevice(services, given.cookies, { email })
  await requireSignInToken(services, email, meta, device)
  const proven = await checkPassword(
    services,
    { email },
    given.password,
    device ? knownTurn(device) : strangersTurn(meta.ip),
  )
  const needsCode = proven !== undefined && (await findTwoFactor(services, proven.userId)) !== undefined
  if (proven && needsCode) return { cookies: [halfSessionCookie(services, proven)], needsCode }
  const session = proven && (await startSession(services, proven, meta))
  if (!session) throw new AppError('unauthenticated', 'The e-mail address or the password is not right.')
  return { cookies: [session, knownDeviceCookie(services, given.cookies, { id: proven.userId, email })], needsCode }
}

/** better-auth throws its refusals as errors with a status below 500. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500
  )
}
