import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import type { Services } from '../../platform/services.ts'
import type { CredentialEvent } from './credential-events.ts'
import { credentialsChanged } from './credentials-changed.ts'
import { renewSession, type SignedIn } from './sessions.ts'
import { linkDevice } from './sign-in-browser.ts'
import { trustDevice } from './trusted-device.ts'

/**
 * Ends what an event ends, but for the browser that caused it: its session and its trust go on under new tokens. Returns
 * the cookies to set. The caller has locked the account.
 */
export async function credentialsChangedHere(
  services: Services,
  sql: Kysely<Tables>,
  event: CredentialEvent,
  person: SignedIn & { email: string },
  cookies: string | undefined,
): Promise<string[]> {
  const session = await renewSession(services, person, sql)
  const device = await trustDevice(services, sql, person.id, cookies, { isRenewed: true })
  await linkDevice(sql, person.sessionId, device.id)
  const keep = { sessionId: person.sessionId, deviceId: device.id }
  await credentialsChanged(services, sql, event, { userId: person.id, email: person.email, keep })
  return [session, device.cookie]
}
