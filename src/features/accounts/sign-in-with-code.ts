import { AppError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import { hostPrefix } from '../../platform/rate-limit/network-prefixes.ts'
import { takeToken } from '../../platform/rate-limit/take-token.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { wrongCode } from './change-two-factor.ts'
import type { Proven } from './check-password.ts'
import { findKnownDevice, knownDeviceCookie } from './known-device.ts'
import { readRecoveryCode } from './recovery-codes.ts'
import { type SecurityEvent, securityMail } from './security-mails.ts'
import { startSession } from './sessions.ts'
import { requireToken } from './sign-in-limits.ts'
import { useCode } from './two-factor.ts'

/**
 * Guesses are slowed by where they come from. All of them together are too, or many machines could try every code; but
 * neither where the person is signed in already or has been with that browser, nor for recovery codes, which nobody guesses:
 * the way in stays open.
 */
const limits = {
  pair: { perSecond: 1 / 60, burst: 10 },
  strangers: { perSecond: 1 / 300, burst: 50 },
  warning: { perSecond: 1 / 86_400, burst: 1 },
} as const

/**
 * The second half of signing in: a session in exchange for a code, of the app or for recovery, each good once. Answers the
 * cookies to set.
 * @throws AppError `validation_failed` for a wrong code, `rate_limited`, `unauthenticated` when the password changed.
 */
export async function signInWithCode(
  services: Services,
  proven: Proven,
  given: { code: string; asked: 'app' | 'recovery'; cookies: string | undefined },
  meta: RequestMeta,
): Promise<string[]> {
  await limitGuesses(services, proven.userId, given, meta)
  return services.db.kysely.transaction().execute(async (sql) => {
    const kind = await useCode(services, sql, proven.userId, given.code)
    if (!kind) throw wrongCode(given.asked)
    if (kind === 'recovery') await tell(services, sql, proven.userId, 'recoveryCodeUsed', meta)
    const cookie = await startSession(services, proven, meta, sql)
    if (!cookie) throw new AppError('unauthenticated', 'Your password was changed meanwhile. Sign in again.')
    const { email } = await getEmail(sql, proven.userId)
    return [cookie, knownDeviceCookie(services, given.cookies, { id: proven.userId, email })]
  })
}

async function limitGuesses(
  services: Services,
  userId: string,
  given: { code: string; cookies: string | undefined },
  meta: RequestMeta,
): Promise<void> {
  const line = hostPrefix(meta.ip)
  const device = findKnownDevice(services, given.cookies, { userId })
  try {
    await requireToken(services, `code:${userId} ${device ?? line}`, limits.pair)
    const isKnown = device !== undefined || (await isSignedInFrom(services, userId, line))
    if (!isKnown && readRecoveryCode(given.code) === undefined)
      await requireToken(services, `code:${userId}`, limits.strangers)
  } catch (error) {
    // Where the database is away nobody has guessed.
    if (!(error instanceof AppError) || error.code !== 'rate_limited') throw error
    const { granted } = await takeToken(services.db, `code-warning:${userId}`, limits.warning)
    if (granted > 0) await tell(services, services.db.kysely, userId, 'wrongCodes', meta)
    throw error
  }
}

async function isSignedInFrom({ db, now }: Services, userId: string, line: string): Promise<boolean> {
  const sessions = await db.kysely
    .selectFrom('sessions')
    .select('ip_address')
    .where('user_id', '=', userId)
    .where('expires_at', '>', now())
    .execute()
  return sessions.some((session) => hostPrefix(session.ip_address) === line)
}

async function tell(
  services: Services,
  sql: Services['db']['kysely'],
  userId: string,
  event: SecurityEvent,
  meta: RequestMeta,
): Promise<void> {
  const { email } = await getEmail(sql, userId)
  await sendMailLater({ sql, secrets: services.secrets }, securityMail(services, email, event, meta))
}

function getEmail(sql: Services['db']['kysely'], userId: string): Promise<{ email: string }> {
  return sql.selectFrom('users').select('email').where('id', '=', userId).executeTakeFirstOrThrow()
}
