import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { newId } from '../../platform/ids.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import { cookieLine, cookieName, readCookie } from './session-cookie.ts'

export const trustedDays = 400
/** The least recently used goes when one more is trusted. */
const maxTrustedDevices = 10

/** The id of the browser that sent the cookies, where the user has signed in with it and still trusts it. */
export async function findTrustedDevice(
  services: Services,
  cookies: string | undefined,
  whose: { email: string } | { userId: string },
): Promise<string | undefined> {
  const token = readToken(services, cookies)
  if (!token) return undefined
  const [column, value] = 'email' in whose ? (['u.email', whose.email] as const) : (['u.id', whose.userId] as const)
  const device = await services.db.kysely
    .selectFrom('trusted_devices as d')
    .innerJoin('users as u', 'u.id', 'd.user_id')
    .select('d.id')
    .where('d.token_hash', 'in', services.secrets.hashes('trusted-device', token))
    .where('d.last_used_at', '>', new Date(services.now().getTime() - trustedDays * 86_400_000))
    .where(column, '=', value)
    .executeTakeFirst()
  return device?.id
}

/**
 * Trusts the browser that sent the cookies and returns the cookie to set. The cookie opens nothing: it keeps what others
 * guess at the account from using up this browser's attempts. `isRenewed` replaces the token of a browser that was trusted
 * before. The caller has locked the account.
 */
export async function trustDevice(
  services: Services,
  sql: Kysely<Tables>,
  userId: string,
  cookies: string | undefined,
  { isRenewed }: { isRenewed: boolean },
): Promise<{ id: string; cookie: string }> {
  const { secrets, now } = services
  const sent = readToken(services, cookies)
  const token = sent === undefined || isRenewed ? randomBase62(32) : sent
  const values = { token_hash: secrets.hash('trusted-device', token), last_used_at: now() }
  const known =
    sent &&
    (await sql
      .updateTable('trusted_devices')
      .set(values)
      .where('token_hash', 'in', secrets.hashes('trusted-device', sent))
      .where('user_id', '=', userId)
      .returning('id')
      .executeTakeFirst())
  if (known) return { id: known.id, cookie: deviceCookie(services, token) }
  return addDevice(services, sql, userId)
}

async function addDevice(services: Services, sql: Kysely<Tables>, userId: string) {
  const { secrets, now } = services
  // A token of its own: the one that was sent may be another user's.
  const token = randomBase62(32)
  const device = {
    id: newId('trustedDevice'),
    user_id: userId,
    token_hash: secrets.hash('trusted-device', token),
    created_at: now(),
    last_used_at: now(),
  }
  const others = sql
    .selectFrom('trusted_devices')
    .select('id')
    .where('user_id', '=', userId)
    .orderBy('last_used_at', 'desc')
    .orderBy('id', 'desc')
    .offset(maxTrustedDevices - 1)
  await sql.deleteFrom('trusted_devices').where('id', 'in', others).execute()
  await sql.insertInto('trusted_devices').values(device).execute()
  return { id: device.id, cookie: deviceCookie(services, token) }
}

function readToken({ config }: Services, cookies: string | undefined): string | undefined {
  const token = readCookie(cookies, cookieName(config, 'trusted_device'))
  return token && /^[0-9A-Za-z]{32}$/.test(token) ? token : undefined
}

function deviceCookie({ config }: Services, token: string): string {
  return cookieLine(config, { name: cookieName(config, 'trusted_device'), value: token }, trustedDays * 86_400)
}
