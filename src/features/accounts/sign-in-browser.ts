import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { Proven } from './check-password.ts'
import { startSession } from './sessions.ts'
import { trustDevice } from './trusted-device.ts'

/**
 * Starts a session in a browser and trusts that browser. Returns the cookies to set; undefined when the credentials changed
 * since they were checked.
 */
export async function signInBrowser(
  services: Services,
  sql: Kysely<Tables>,
  proven: Proven,
  browser: { cookies: string | undefined; meta: RequestMeta },
): Promise<string[] | undefined> {
  const session = await startSession(services, proven, browser.meta, sql)
  if (!session) return undefined
  const device = await trustDevice(services, sql, proven.userId, browser.cookies, { isRenewed: false })
  await linkDevice(sql, session.id, device.id)
  return [session.cookie, device.cookie]
}

/** Notes which trusted browser a session is in. */
export async function linkDevice(sql: Kysely<Tables>, sessionId: string, deviceId: string): Promise<void> {
  await sql.updateTable('sessions').set({ trusted_device_id: deviceId }).where('id', '=', sessionId).execute()
}
