import { z } from 'zod'
import type { Services } from '../../platform/services.ts'
import { cookieLine, cookieName, readCookie } from './session-cookie.ts'

const validSeconds = 86_400

const linkContent = z.strictObject({ email: z.string(), issued_at: z.number() })
const cookieContent = z.strictObject({ email: z.string(), password_hash: z.string() })

/** What a mailed link ends with: encrypted under SECRET_KEY, it says whose mailbox it was sent to. It lasts a day. */
export function signUpToken({ secrets, now }: Services, email: string): string {
  const text = JSON.stringify({ email, issued_at: now().getTime() })
  return secrets.seal('sign-up', text).toString('base64url')
}

/** The address of a link's mailbox, while it lasts: not once an account has had the address and gave it up. */
export async function readSignUpToken({ secrets, now, db }: Services, token: string): Promise<string | undefined> {
  const text = secrets.open('sign-up', Buffer.from(token, 'base64url'))
  const content = text && linkContent.safeParse(JSON.parse(text)).data
  if (!content || content.issued_at + validSeconds * 1000 <= now().getTime()) return undefined
  const ended = await db.kysely
    .selectFrom('ended_sign_ups')
    .select('ended_at')
    .where('email_hash', 'in', secrets.hashes('sign-up', content.email))
    .where('ended_at', '>=', new Date(content.issued_at))
    .executeTakeFirst()
  return ended ? undefined : content.email
}

/**
 * Keeps the password, hashed and encrypted under SECRET_KEY, in the browser where it was chosen: nobody can choose one for
 * an account that somebody else confirms.
 */
export function pendingSignUpCookie(services: Services, email: string, passwordHash: string): string {
  const text = JSON.stringify({ email, password_hash: passwordHash })
  const value = services.secrets.seal('sign-up', text).toString('base64url')
  return cookieLine(services.config, { name: cookieName(services.config, 'sign_up'), value }, validSeconds)
}

export function endPendingSignUpCookie({ config }: Services): string {
  return cookieLine(config, { name: cookieName(config, 'sign_up'), value: '' }, 0)
}

/** The hash of the password that was chosen here for an address. */
export function findPendingPassword(
  { config, secrets }: Services,
  cookies: string | undefined,
  email: string,
): string | undefined {
  const sealed = readCookie(cookies, cookieName(config, 'sign_up'))
  const text = sealed && secrets.open('sign-up', Buffer.from(sealed, 'base64url'))
  const content = text ? cookieContent.safeParse(JSON.parse(text)).data : undefined
  return content?.email === email ? content.password_hash : undefined
}
