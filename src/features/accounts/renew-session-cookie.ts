import { constantTimeEqual } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import { readSessionCookie, signedToken, signToken } from './session-cookie.ts'

/**
 * While SECRET_KEY is rotated: a session cookie signed with the previous key, signed anew, and its stored hash renewed, so
 * that nobody is signed out. Undefined for every other cookie.
 */
export async function renewSessionCookie(
  services: Services,
  cookies: string,
): Promise<{ name: string; value: string } | undefined> {
  const { secrets, db } = services
  const previous = secrets.derivePrevious('accounts')
  if (previous === undefined) return undefined
  const sent = readSessionCookie(cookies)
  if (!sent || !constantTimeEqual(sent.signature, signToken(sent.token, previous))) return undefined
  const [now, before] = secrets.hashes('session', sent.token).map((hash) => hash.toString('base64url'))
  if (now === undefined || before === undefined) return undefined
  await db.kysely.updateTable('sessions').set({ token: now }).where('token', '=', before).execute()
  return { name: sent.name, value: signedToken(services, sent.token) }
}
