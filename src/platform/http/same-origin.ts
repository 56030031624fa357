import type { MiddlewareHandler } from 'hono'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/**
 * Refuses what another site makes a browser send (CSRF): unsafe methods pass only where the browser says same-origin, or,
 * where it says nothing of the sort, with our own Origin.
 */
export function sameOriginOnly(config: Config): MiddlewareHandler<AppEnv> {
  const origins = ownOrigins(config.publicUrl)
  const anotherSite = 'This form was sent from another site, so nothing was done. Open the page here and send it again.'
  const elsewhere = `The address of this server is ${config.publicUrl}, and you opened it at another one, so nothing was done. Open ${config.publicUrl} and send the form again. (If that address is wrong, the person who runs this server must correct PUBLIC_URL.)`
  return async (c, next) => {
    if (!safeMethods.has(c.req.method)) {
      const site = c.req.header('sec-fetch-site')
      const origin = c.req.header('origin')
      const own = site === undefined ? origin !== undefined && origins.includes(origin) : site === 'same-origin'
      if (!own)
        throw new AppError('forbidden', isOpenedElsewhere(origin, c.req.header('host')) ? elsewhere : anotherSite)
    }
    await next()
  }
}

/** Whether the page was opened at another address of this server than the public one: by http, by its IP address. */
function isOpenedElsewhere(origin: string | undefined, host: string | undefined): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host
}

/** The public address; on this machine alone, under each of its names. */
function ownOrigins(publicUrl: string): string[] {
  const { protocol, hostname, port, origin } = new URL(publicUrl)
  if (!loopbackHosts.includes(hostname)) return [origin]
  return loopbackHosts.map((host) => `${protocol}//${host}${port ? `:${port}` : ''}`)
}
