import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { newId } from '../../platform/ids.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import type { Proven } from './check-password.ts'
import { cookieLine, cookieName, signedToken } from './session-cookie.ts'

export interface SignedIn {
  id: string
  sessionId: string
}

export interface Session {
  id: string
  user_agent: string | null
  ip_address: string | null
  created_at: Date
  last_seen_at: Date
}

export const sessionSeconds = 30 * 86_400
const maxListed = 100
const seenEveryMs = 60_000

/**
 * Starts a session and answers the cookie to set; undefined when the password was changed since it was checked, so that
 * whoever knew the old one cannot slip in beside a change.
 */
export async function startSession(
  services: Services,
  { userId, passwordHash }: Proven,
  meta: RequestMeta,
  within: Kysely<Tables> = services.db.kysely,
): Promise<string | undefined> {
  const token = randomBase62(32)
  const now = services.now()
  const hash = services.secrets.hash('session', token).toString('base64url')
  const { rows } =
    await sql`insert into sessions (id, user_id, token, expires_at, ip_address, user_agent, confirmed_at, last_seen_at)
    select ${newId('session')}, user_id, ${hash}, ${new Date(now.getTime() + sessionSeconds * 1000)}, ${meta.ip},
      ${meta.userAgent}, ${now}, ${now}
    from credentials where user_id = ${userId} and password = ${passwordHash} for share returning id`.execute(within)
  if (rows.length === 0) return undefined
  const { config } = services
  const cookie = { name: cookieName(config, 'session_token'), value: signedToken(services, token) }
  return cookieLine(config, cookie, sessionSeconds)
}

/** Gives a session another token and answers its cookie: whoever knew the one before is out of it. */
export async function renewSession(
  services: Services,
  person: SignedIn,
  within: Kysely<Tables> = services.db.kysely,
): Promise<string> {
  const token = randomBase62(32)
  await within
    .updateTable('sessions')
    .set({ token: services.secrets.hash('session', token).toString('base64url') })
    .where('user_id', '=', person.id)
    .where('id', '=', person.sessionId)
    .execute()
  const cookie = { name: cookieName(services.config, 'session_token'), value: signedToken(services, token) }
  return cookieLine(services.config, cookie, sessionSeconds)
}

/** Where a person is signed in: this session first, then those seen last; `areMore` where there are others. */
export async function listSessions(
  services: Services,
  person: SignedIn,
): Promise<{ sessions: Session[]; areMore: boolean }> {
  const sessions = services.db.kysely
    .selectFrom('sessions')
    .select(['id', 'user_agent', 'ip_address', 'created_at', 'last_seen_at'])
    .where('user_id', '=', person.id)
    .where('expires_at', '>', services.now())
  const own = await sessions.where('id', '=', person.sessionId).execute()
  const others = await sessions
    .where('id', '<>', person.sessionId)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id', 'desc')
    .limit(maxListed)
    .execute()
  return { sessions: [...own, ...others.slice(0, maxListed - 1)], areMore: others.length === maxListed }
}

/** Ends one of a person's sessions, at once; anybody else's is left alone as if it were none. */
export async function endSession(services: Services, person: SignedIn, sessionId: string): Promise<void> {
  await services.db.kysely.deleteFrom('sessions').where('user_id', '=', person.id).where('id', '=', sessionId).execute()
}

/** Ends every session of a person but the one they ask from. */
export async function endOtherSessions(
  services: Services,
  person: SignedIn,
  within: Kysely<Tables> = services.db.kysely,
): Promise<void> {
  await within.deleteFrom('sessions').where('user_id', '=', person.id).where('id', '<>', person.sessionId).execute()
}

/** Notes that somebody has proven once more who they are. */
export async function confirmSession(services: Services, person: SignedIn): Promise<void> {
  await services.db.kysely
    .updateTable('sessions')
    .set({ confirmed_at: services.now() })
    .where('id', '=', person.sessionId)
    .execute()
}

/** Notes when a session was used, to the minute, and where from. */
export async function noteSeen(
  services: Services,
  session: { id: string; lastSeenAt: Date; ipAddress?: string | null | undefined },
  meta: RequestMeta,
): Promise<void> {
  const now = services.now()
  const isKnown = now.getTime() - session.lastSeenAt.getTime() < seenEveryMs && session.ipAddress === meta.ip
  if (isKnown) return
  await services.db.kysely
    .updateTable('sessions')
    .set({ last_seen_at: now, ip_address: meta.ip, user_agent: meta.userAgent })
    .where('id', '=', session.id)
    .execute()
}
