import type { MiddlewareHandler } from 'hono'
import type { AppEnv, Person } from '../../platform/http/app-env.ts'
import { assetUrl } from '../../platform/http/assets.ts'
import { makeClientAddress } from '../../platform/http/client-address.ts'
import { requestIdFrom } from '../../platform/http/request-id.ts'
import type { Services } from '../../platform/services.ts'
import type { Accounts } from './accounts.ts'
import { renewSessionCookie } from './renew-session-cookie.ts'

/** Finds out who asks, for every page: signed in by cookie, or a stranger. */
export function identifyPerson(services: Services, accounts: Accounts): MiddlewareHandler<AppEnv> {
  const clientAddress = makeClientAddress(services.config.trustedProxies)
  const assets = { css: assetUrl('app.css'), js: assetUrl('app.js'), icon: assetUrl('favicon.svg') }
  return async (c, next) => {
    c.set('meta', {
      requestId: requestIdFrom(c.req.header('request-id')),
      ip: clientAddress(c.env.incoming),
      userAgent: c.req.header('user-agent')?.slice(0, 300) ?? null,
    })
    // Also on redirects, which have no page to bring them.
    c.header('Request-Id', c.var.meta.requestId)
    c.header('Cache-Control', 'no-store')
    if (services.config.publicUrl.startsWith('https:')) c.header('Strict-Transport-Security', 'max-age=31536000')
    c.set('frame', { assets, person: undefined, organisation: undefined, organisations: [], nav: [] })
    const found = await findPersonBySession(services, accounts, c.req.header('cookie'))
    c.set('person', found?.person)
    c.set('cookies', found?.sent ?? '')
    if (found) c.set('frame', { ...c.var.frame, person: { name: found.person.name, email: found.person.email } })
    // First, so that what a handler says of the cookie is the last word.
    for (const renewed of found?.cookies ?? []) c.header('Set-Cookie', renewed, { append: true })
    await next()
  }
}

async function findPersonBySession(
  services: Services,
  accounts: Accounts,
  sent: string | undefined,
): Promise<{ person: Person; sent: string; cookies: string[] } | undefined> {
  if (!sent?.includes('queueup.session_token')) return undefined
  const signedAnew = await renewSessionCookie(services, sent)
  const cookie = signedAnew ? `${signedAnew.name}=${signedAnew.value}` : sent
  const { response, headers } = await accounts.api.getSession({ headers: new Headers({ cookie }), returnHeaders: true })
  if (!response) return undefined
  const { user, session } = response
  const person = { id: user.id, name: user.name, email: user.email, sessionId: session.id }
  return {
    person,
    sent: cookie,
    cookies: signedAnew ? [cookieLine(services, signedAnew, session.expiresAt)] : headers.getSetCookie(),
  }
}

function cookieLine(
  { config, now }: Services,
  { name, value }: { name: string; value: string },
  expiresAt: Date,
): string {
  const seconds = Math.max(0, Math.floor((expiresAt.getTime() - now().getTime()) / 1000))
  const secure = config.publicUrl.startsWith('https:') ? '; Secure' : ''
  return `${name}=${value}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${secure}`
}
