import { createHmac } from 'node:crypto'
import type { Config } from '../../platform/config.ts'
import type { Services } from '../../platform/services.ts'

const sessionCookie = /(?:^|; )((?:__Host-)?queueup\.session_token)=([^;]+)/

/** Under https bound to the host, so that no neighbouring site can plant one. */
export function cookieName(
  config: Config,
  name: 'session_token' | 'half_session' | 'trusted_device' | 'sign_up',
): string {
  return `${config.publicUrl.startsWith('https:') ? '__Host-' : ''}queueup.${name}`
}

/** What a cookie of ours was sent with. */
export function readCookie(cookies: string | undefined, name: string): string | undefined {
  const pair = cookies?.split('; ').find((one) => one.startsWith(`${name}=`))
  return pair?.slice(name.length + 1)
}

/** A `Set-Cookie` line; no seconds take the cookie away. */
export function cookieLine(config: Config, cookie: { name: string; value: string }, seconds: number): string {
  const secure = config.publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${cookie.name}=${cookie.value}; Max-Age=${Math.max(0, Math.floor(seconds))}; Path=/; HttpOnly; SameSite=Lax${secure}`
}

/** The session's cookie as it was sent: its token, and the signature over it. */
export function readSessionCookie(cookies: string): { name: string; token: string; signature: string } | undefined {
  const [, name, encoded] = sessionCookie.exec(cookies) ?? []
  if (name === undefined || encoded === undefined) return undefined
  const [token = '', signature = ''] = decode(encoded).split('.')
  return { name, token, signature }
}

/** A session's token with its signature, as better-auth reads it. */
export function signedToken({ secrets }: Services, token: string): string {
  return encodeURIComponent(`${token}.${signToken(token, secrets.derive('accounts'))}`)
}

export function signToken(token: string, secret: string): string {
  return createHmac('sha256', secret).update(token).digest('base64')
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return ''
  }
}
