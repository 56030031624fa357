import { z } from 'zod'
import type { Services } from '../../platform/services.ts'
import type { Proven } from './check-password.ts'
import { cookieLine, cookieName, readCookie } from './session-cookie.ts'

const validSeconds = 600

const content = z.strictObject({
  user_id: z.string(),
  password_mark: z.string(),
  credentials_version: z.number(),
  expires_at: z.number(),
})

/**
 * What stands between the password and the code: a cookie, encrypted under SECRET_KEY, that says whose password was right.
 * It opens nothing; it lasts ten minutes, and ends with any change of the user's credentials.
 */
export function halfSessionCookie(services: Services, { userId, passwordHash, credentialsVersion }: Proven): string {
  const { config, secrets, now } = services
  const text = JSON.stringify({
    user_id: userId,
    password_mark: secrets.hash('half-session', passwordHash).toString('base64url'),
    credentials_version: credentialsVersion,
    expires_at: now().getTime() + validSeconds * 1000,
  })
  const value = secrets.seal('half-session', text).toString('base64url')
  return cookieLine(config, { name: cookieName(config, 'half_session'), value }, validSeconds)
}

export function endHalfSessionCookie({ config }: Services): string {
  return cookieLine(config, { name: cookieName(config, 'half_session'), value: '' }, 0)
}

/** Whose password was right, while that is still their password. */
export async function readHalfSession(services: Services, cookies: string | undefined): Promise<Proven | undefined> {
  const { config, secrets, now, db } = services
  const sealed = readCookie(cookies, cookieName(config, 'half_session'))
  const text = sealed && secrets.open('half-session', Buffer.from(sealed, 'base64url'))
  if (!text) return undefined
  const challenge = content.safeParse(JSON.parse(text)).data
  if (!challenge || challenge.expires_at <= now().getTime()) return undefined
  const { user_id, password_mark, credentials_version } = challenge
  const row = await db.kysely
    .selectFrom('credentials as c')
    .innerJoin('users as u', 'u.id', 'c.user_id')
    .select('c.password')
    .where('u.id', '=', user_id)
    .where('u.credentials_version', '=', credentials_version)
    .where('c.provider_id', '=', 'credential')
    .executeTakeFirst()
  const { password } = row ?? {}
  if (!password) return undefined
  const marks = secrets.hashes('half-session', password).map((hash) => hash.toString('base64url'))
  if (!marks.includes(password_mark)) return undefined
  return { userId: user_id, passwordHash: password, credentialsVersion: credentials_version }
}
