import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { AppError } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import type { Proven } from './check-password.ts'
import { lockAccount } from './lock-account.ts'
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

/** A session that nobody uses for so long ends. */
const idleSeconds = 30 * 86_400
/** A session ends so long after its sign-in, however it is used (ASVS 5.0, 7.3.2). The table has the same rule. */
const absoluteSeconds = 90 * 86_400
const prolongEveryMs = 86_400_000
const maxListed = 100
const seenEveryMs = 60_000

/**
 * Starts a session; undefined when the credentials changed since they were checked, so that nobody slips in beside a
 * change. Locks the account for the rest of the transaction.
 */
export async function startSession(
  services: Services,
  { userId, passwordHash, credentialsVersion }: Proven,
  meta: RequestMeta,
  within: Kysely<Tables>,
): Promise<{ id: string; cookie: string } | undefined> {
  const token = randomBase62(32)
  const id = newId('session')
  const now = services.now()
  const hash = services.secrets.hash('session', token).toString('base64url')
  const { rows } =
    await sql`insert into sessions (id, user_id, token, expires_at, ip_address, user_agent, created_at, confirmed_at, last_seen_at)
    select ${id}, u.id, ${hash}, ${new Date(now.getTime() + idleSeconds * 1000)}, ${meta.ip},
      ${meta.userAgent}, ${now}, ${now}, ${now}
    from users u join credentials c on c.user_id = u.id
    where u.id = ${userId} and u.credentials_version = ${credentialsVersion} and c.password = ${passwordHash}
    for no key update of u returning id`.execute(within)
  if (rows.length === 0) return undefined
  return { id, cookie: sessionCookieLine(services, token, idleSeconds) }
}

function sessionCookieLine(services: Services, token: string, seconds: number): string {
  const { config } = services
  return cookieLine(config, { name: cookieName(config, 'session_token'), value: signedToken(services, token) }, seconds)
}

/** When a session ends that is used at a moment. */
export function sessionEnd(session: { createdAt: Date }, usedAt: Date): Date {
  const absolute = session.createdAt.getTime() + absoluteSeconds * 1000
  return new Date(Math.min(usedAt.getTime() + idleSeconds * 1000, absolute))
}

/** Lets a session that is in use last on, once a day; returns the cookie to set then. */
export async function prolongSession(
  services: Services,
  session: { id: string; createdAt: Date; expiresAt: Date },
  token: string,
): Promise<string | undefined> {
  const now = services.now()
  const end = sessionEnd(session, now)
  if (end.getTime() - session.expiresAt.getTime() < prolongEveryMs) return undefined
  await services.db.kysely.updateTable('sessions').set({ expires_at: end }).where('id', '=', session.id).execute()
  return sessionCookieLine(services, token, (end.getTime() - now.getTime()) / 1000)
}

/** Gives a session another token and answers its cookie: the one before no longer works. */
export async function renewSession(services: Services, person: SignedIn, within: Kysely<Tables>): Promise<string> {
  const token = randomBase62(32)
  const renewed = await within
    .updateTable('sessions')
    .set({ token: services.secrets.hash('session', token).toString('base64url') })
    .where('user_id', '=', person.id)
    .where('id', '=', person.sessionId)
    .returning('expires_at')
    .executeTakeFirst()
  // It was ended meanwhile, by another change of the credentials.
  if (!renewed) throw new AppError('unauthenticated', 'You were signed out meanwhile. Sign in again.')
  const seconds = (renewed.expires_at.getTime() - services.now().getTime()) / 1000
  return sessionCookieLine(services, token, seconds)
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

/**
 * Ends one of a person's sessions, at once; anybody else's is left alone as if it were none. A browser that is signed out
 * from another one is not trusted any more.
 */
export async function endSession(services: Services, person: SignedIn, sessionId: string): Promise<void> {
  const ended = (sql: Kysely<Tables>) =>
    sql.deleteFrom('sessions').where('user_id', '=', person.id).where('id', '=', sessionId)
  if (sessionId === person.sessionId) {
    await ended(services.db.kysely).execute()
    return
  }
  await services.db.kysely.transaction().execute(async (sql) => {
    await lockAccount(sql, person.id)
    const session = await ended(sql).returning('trusted_device_id').executeTakeFirst()
    const device = session?.trusted_device_id
    if (device)
      await sql.deleteFrom('trusted_devices').where('user_id', '=', person.id).where('id', '=', device).execute()
  })
}

/** Notes that somebody has proven once more who they are. */
export async function confirmSession(
  services: Services,
  person: SignedIn,
  within: Kysely<Tables> = services.db.kysely,
): Promise<void> {
  await within
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
