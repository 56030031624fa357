import type { MiddlewareHandler } from 'hono'
import type { AppEnv, Person } from '../../platform/http/app-env.ts'
import { assetUrl } from '../../platform/http/assets.ts'
import { makeClientAddress } from '../../platform/http/client-address.ts'
import { requestIdFrom } from '../../platform/http/request-id.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { Accounts } from './accounts.ts'
import { formOwnerOf } from './carried-form.ts'
import { isMailboxProven } from './mailbox-proof.ts'
import { renewSessionCookie } from './renew-session-cookie.ts'
import { cookieLine, readSessionCookie } from './session-cookie.ts'
import { noteSeen, prolongSession, sessionEnd } from './sessions.ts'

/** What holds for every page, whoever asks. */
export function identifyRequest(services: Services): MiddlewareHandler<AppEnv> {
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
    await next()
  }
}

/** Finds out who asks: signed in by cookie, or a stranger. */
export function identifyPerson(services: Services, accounts: Accounts): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const found = await findPersonBySession(services, accounts, c.req.header('cookie'), c.var.meta)
    c.set('person', found?.person)
    c.set('cookies', found?.sent ?? '')
    if (found) {
      const { id, name, email } = found.person
      c.set('frame', { ...c.var.frame, person: { name, email, formOwner: formOwnerOf(services, id) } })
    }
    // First, so that what a handler says of the cookie is the last word.
    for (const renewed of found?.cookies ?? []) c.header('Set-Cookie', renewed, { append: true })
    await next()
  }
}

async function findPersonBySession(
  services: Services,
  accounts: Accounts,
  sent: string | undefined,
  meta: RequestMeta,
): Promise<{ person: Person; sent: string; cookies: string[] } | undefined> {
  if (!sent?.includes('queueup.session_token')) return undefined
  const signedAnew = await renewSessionCookie(services, sent)
  const cookie = signedAnew ? `${signedAnew.name}=${signedAnew.value}` : sent
  const response = await accounts.api.getSession({ headers: new Headers({ cookie }) })
  if (!response) return undefined
  const { user, session } = response
  const now = services.now()
  if (session.expiresAt <= now || sessionEnd(session, now) <= now) return undefined
  if (!user.emailVerified && !(await isMailboxProven(services, user.id))) return undefined
  await noteSeen(services, session, meta)
  const prolonged = await prolongSession(services, session, readSessionCookie(cookie)?.token ?? '')
  const { id, name, email } = user
  const secondsLeft = (session.expiresAt.getTime() - now.getTime()) / 1000
  const renewed = prolonged ?? (signedAnew && cookieLine(services.config, signedAnew, secondsLeft))
  return {
    person: { id, name, email, sessionId: session.id, confirmedAt: session.confirmedAt },
    sent: cookie,
    cookies: renewed ? [renewed] : [],
  }
}
