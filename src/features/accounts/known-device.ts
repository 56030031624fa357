import { z } from 'zod'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import { cookieLine, cookieName, readCookie } from './session-cookie.ts'

const validSeconds = 400 * 86_400

const content = z.strictObject({ device: z.string(), user_id: z.string(), email: z.string() })

/**
 * A cookie, encrypted under SECRET_KEY, for a browser in which somebody has signed in. It opens nothing: it only keeps
 * what others guess at the account from using up this browser's tries.
 */
export function knownDeviceCookie(
  services: Services,
  cookies: string | undefined,
  person: { id: string; email: string },
): string {
  const device = findKnownDevice(services, cookies, { userId: person.id }) ?? randomBase62(22)
  const text = JSON.stringify({ device, user_id: person.id, email: person.email })
  const value = services.secrets.seal('known-device', text).toString('base64url')
  return cookieLine(services.config, { name: cookieName(services.config, 'known_device'), value }, validSeconds)
}

/** Names the browser, where the person has signed in with it. */
export function findKnownDevice(
  { config, secrets }: Services,
  cookies: string | undefined,
  whose: { email: string } | { userId: string },
): string | undefined {
  const sealed = readCookie(cookies, cookieName(config, 'known_device'))
  const text = sealed && secrets.open('known-device', Buffer.from(sealed, 'base64url'))
  if (!text) return undefined
  const known = content.parse(JSON.parse(text))
  const isTheirs = 'email' in whose ? known.email === whose.email : known.user_id === whose.userId
  return isTheirs ? known.device : undefined
}
