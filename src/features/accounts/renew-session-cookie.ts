import { createHmac } from 'node:crypto'
import { constantTimeEqual } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'

const sessionCookie = /(?:^|; )((?:__Host-)?queueup\.session_token)=([^;]+)/

/**
 * While SECRET_KEY is rotated: a session cookie signed with the previous key, signed anew, and its stored hash renewed, so
 * that nobody is signed out. Undefined for every other cookie.
 */
export async function renewSessionCookie(
  { secrets, db }: Services,
  cookies: string,
): Promise<{ name: string; value: string } | undefined> {
  const previous = secrets.derivePrevious('accounts')
  const [, name, encoded] = sessionCookie.exec(cookies) ?? []
  if (previous === undefined || name === undefined || encoded === undefined) return undefined
  const [token = '', signature = ''] = decode(encoded).split('.')
  if (!constantTimeEqual(signature, sign(token, previous))) return undefined
  const [now, before] = secrets.hashes('session', token).map((hash) => hash.toString('base64url'))
  if (now === undefined || before === undefined) return undefined
  await db.kysely.updateTable('sessions').set({ token: now }).where('token', '=', before).execute()
  return { name, value: encodeURIComponent(`${token}.${sign(token, secrets.derive('accounts'))}`) }
}

/** As better-auth signs its cookies. */
function sign(value: string, secret: string): string {
  return createHmac('sha256', secret).update(value).digest('base64')
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return ''
  }
}
