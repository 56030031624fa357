import type { IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { isLoopbackHost, isLoopbackHostname } from '../net/loopback.ts'
import type { Services } from '../services.ts'
import type { AppEnv } from './app-env.ts'
import { makeIsTrusted } from './client-address.ts'

const alwaysAnswered = ['/healthz', '/readyz']
const warnEveryMs = 60_000

/** What tells of a request that it did not come straight from this machine. */
type ProxySign = 'HTTP/1.0' | 'Host' | 'Origin' | 'Referer' | 'a header of a proxy'

/**
 * While PUBLIC_URL is not set, or names this machine, the server is for this machine only: makes the check that refuses
 * what a proxy passed on or what came for another host name. A proxy on this machine is accepted where PUBLIC_URL and
 * TRUSTED_PROXIES are both set. Requests with a credential of their own (`machine`) may come under any name.
 */
export function makeRefuseProxied({
  config,
  log,
}: Pick<Services, 'config' | 'log'>): (request: IncomingMessage, from: 'browser' | 'machine') => void {
  if (!isLoopbackHostname(new URL(config.publicUrl).hostname)) return () => undefined
  const isConfigured = makeIsConfiguredProxy(config)
  let warnedAtMs = Number.NEGATIVE_INFINITY
  return (request, from) => {
    const sign = from === 'machine' ? forwardingSign(request) : (browserSign(request) ?? forwardingSign(request))
    if (!sign || (isConfigured(request) && (sign === 'HTTP/1.0' || sign === 'a header of a proxy'))) return
    const remedy = remedyFor(request)
    if (performance.now() - warnedAtMs > warnEveryMs) {
      warnedAtMs = performance.now()
      log.warn({ sign }, `a request came through a proxy or for another host name and was refused. ${remedy}`)
    }
    throw new AppError(
      'public_url_not_set',
      `This server is configured for its own machine only, so it refuses requests that come through a proxy or for another host name. ${remedy}`,
    )
  }
}

/** The same for every page and form. Probes of a load balancer are answered as ever. */
export function refuseProxied(services: Services): MiddlewareHandler<AppEnv> {
  const check = makeRefuseProxied(services)
  return async (c, next) => {
    if (!alwaysAnswered.includes(c.req.path)) check(c.env.incoming, 'browser')
    await next()
  }
}

function makeIsConfiguredProxy({ isPublicUrlSet, trustedProxies }: Config): (request: IncomingMessage) => boolean {
  const isTrusted = makeIsTrusted(trustedProxies)
  return ({ socket }) => isPublicUrlSet && socket.remoteAddress !== undefined && isTrusted(socket.remoteAddress)
}

function browserSign(request: IncomingMessage): ProxySign | undefined {
  const { host, origin, referer, 'sec-fetch-site': site } = request.headers
  if (!isLoopbackHost(host ?? '')) return 'Host'
  // A link or a form on another site is no sign, and forms are refused elsewhere.
  if (site !== 'cross-site' && site !== 'same-site') {
    if (isOfAnotherHost(origin)) return 'Origin'
    if (isOfAnotherHost(referer)) return 'Referer'
  }
  // What nginx speaks unless it is told otherwise.
  return request.httpVersionMinor === 0 ? 'HTTP/1.0' : undefined
}

function forwardingSign({ rawHeaders }: IncomingMessage): ProxySign | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (/^(?:x-forwarded|forwarded$|via$|x-real-ip$)/i.test(rawHeaders[i] ?? '')) return 'a header of a proxy'
  return undefined
}

function isOfAnotherHost(address: string | undefined): boolean {
  return address !== undefined && URL.canParse(address) && !isLoopbackHostname(new URL(address).hostname)
}

/** The address that was asked for is repeated only where it is one of this machine's own. */
function remedyFor({ headers: { host = '' }, socket }: IncomingMessage): string {
  const own = socket.localAddress?.replace(/^::ffff:/, '')
  const isOwn = own !== undefined && host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1') === own
  const example = isOwn && !isLoopbackHost(host) ? `http://${host}` : 'https://waitlist.example.com'
  return `Set PUBLIC_URL to the address that people use, for example PUBLIC_URL=${example}, and restart the server.`
}
