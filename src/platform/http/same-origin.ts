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
  return async (c, next) => {
    if (!safeMethods.has(c.req.method)) {
      const site = c.req.header('sec-fetch-site')
      const origin = c.req.header('origin')
      const own = site === undefined ? origin !== undefined && origins.includes(origin) : site === 'same-origin'
      if (!own)
        throw new AppError(
          'forbidden',
          'This form was sent from another site, so nothing was done. Open the page here and send it again.',
        )
    }
    await next()
  }
}

/** The public address; on this machine alone, under each of its names. */
function ownOrigins(publicUrl: string): string[] {
  const { protocol, hostname, port, origin } = new URL(publicUrl)
  if (!loopbackHosts.includes(hostname)) return [origin]
  return loopbackHosts.map((host) => `${protocol}//${host}${port ? `:${port}` : ''}`)
}
