import { AppError } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { checkPassword, type Proven } from './check-password.ts'
import { forgetPassword } from './forget-password.ts'
import { noteWrongPassword, requirePasswordGuess } from './guess-limits.ts'
import { halfSessionCookie } from './half-session.ts'
import { isMailboxProven } from './mailbox-proof.ts'
import { knownTurn, strangersTurn } from './password-hash.ts'
import { signInBrowser } from './sign-in-browser.ts'
import { findTrustedDevice } from './trusted-device.ts'
import { findTwoFactor } from './two-factor.ts'

/** What a sign-in or sign-up form sent. */
export interface Credentials {
  email: string
  password: string
  cookies: string | undefined
  /** Aborted when the browser closes the connection. */
  signal: AbortSignal
}

export interface SignedIn {
  /** To be set. */
  cookies: string[]
  /** Who is signed in, once nothing is missing. */
  userId?: string
  /** What is still missing: a code of the app, or the proof of the mailbox. */
  needs?: 'code' | 'confirmation'
}

/**
 * Signs a person in with a new session, or half in where they have two-factor sign-in on or their address was never
 * confirmed; answers the cookies to set. A wrong password and an unknown address are refused alike, after the same work.
 */
export async function signIn(services: Services, given: Credentials, meta: RequestMeta): Promise<SignedIn> {
  const email = given.email.trim().toLowerCase()
  const device = await findTrustedDevice(services, given.cookies, { email })
  await requirePasswordGuess(services, email, meta, device)
  const turn = device ? knownTurn(device) : strangersTurn(meta.ip)
  const proven = await checkPassword(services, { email }, given.password, { ...turn, signal: given.signal })
  if (!proven) {
    await noteWrongPassword(services, email, meta)
    throw wrongPassword()
  }
  if (!(await isMailboxProven(services, proven.userId))) {
    await forgetPassword(services, { email, cookies: given.cookies }, meta)
    return { cookies: [halfSessionCookie(services, proven)], needs: 'confirmation' }
  }
  return goOnFromPassword(services, proven, given.cookies, meta)
}

/** What follows a right password: a session, or the question for a code. @throws AppError `unauthenticated`. */
export async function goOnFromPassword(
  services: Services,
  proven: Proven,
  cookies: string | undefined,
  meta: RequestMeta,
): Promise<SignedIn> {
  if (await findTwoFactor(services, proven.userId))
    return { cookies: [halfSessionCookie(services, proven)], needs: 'code' }
  const set = await services.db.kysely
    .transaction()
    .execute((sql) => signInBrowser(services, sql, proven, { cookies, meta }))
  if (!set) throw wrongPassword()
  return { cookies: set, userId: proven.userId }
}

function wrongPassword(): AppError {
  return new AppError('unauthenticated', 'The e-mail address or the password is not right.')
}
