import { AppError } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { Accounts } from './accounts.ts'
import { requireToken, signInLimits, subscriberLine } from './sign-in-limits.ts'

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
  const line = subscriberLine(meta.ip)
  const pair = services.secrets.hash('token', `${line} ${email}`).toString('base64url')
  await requireToken(services, `sign-in:${pair}`, signInLimits.pair)
  await requireToken(services, `sign-in:${line}`, signInLimits.address)
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
