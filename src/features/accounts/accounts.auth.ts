import type { MiddlewareHandler } from 'hono'
import type { AppEnv, Person } from '../../platform/http/app-env.ts'
import { assetUrl } from '../../platform/http/assets.ts'
import { makeClientAddress } from '../../platform/http/client-address.ts'
import { requestIdFrom } from '../../platform/http/request-id.ts'
import type { Services } from '../../platform/services.ts'
import type { Accounts } from './accounts.ts'

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
    const cookie = c.req.header('cookie')
    const found = cookie?.includes('queueup.session_token') ? await findPersonBySession(accounts, cookie) : undefined
    c.set('person', found?.person)
    if (found) c.set('frame', { ...c.var.frame, person: { name: found.person.name, email: found.person.email } })
    await next()
    for (const renewed of found?.cookies ?? []) c.header('Set-Cookie', renewed, { append: true })
  }
}

async function findPersonBySession(
  accounts: Accounts,
  cookie: string,
): Promise<{ person: Person; cookies: string[] } | undefined> {
  const { response, headers } = await accounts.api.getSession({ headers: new Headers({ cookie }), returnHeaders: true })
  if (!response) return undefined
  const { user, session } = response
  return {
    person: { id: user.id, name: user.name, email: user.email, sessionId: session.id },
    cookies: headers.getSetCookie(),
  }
}
