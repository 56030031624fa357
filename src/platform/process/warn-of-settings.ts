import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { isLoopbackHostname } from '../net/loopback.ts'

/** Settings that are allowed, but that an operator hardly means: one line in the log for each, which says what to set. */
export function warnOfSettings(config: Config, log: Logger): void {
  if (config.databaseUrl && isUnencrypted(config.databaseUrl))
    log.warn(
      'DATABASE_URL leads to another machine and names no sslmode, so passwords and rows may cross the network in clear text. Add sslmode=verify-full, or sslmode=disable where the network is trusted.',
    )
  if (config.trustedProxies.length > 0 && !config.isPublicUrlSet)
    log.warn(
      'TRUSTED_PROXIES is set but PUBLIC_URL is not, so requests that come through a proxy are refused. Set PUBLIC_URL to the address that people use.',
    )
}

/** A host that is empty, or a folder, is a Unix socket. */
function isUnencrypted(databaseUrl: string): boolean {
  const { hostname, searchParams } = new URL(databaseUrl)
  const host = searchParams.get('host') ?? hostname
  if (host === '' || host.startsWith('/') || isLoopbackHostname(host) || host === '::1') return false
  return !['sslmode', 'ssl'].some((name) => searchParams.has(name))
}
