import { AppError } from '../../platform/errors.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import { hostPrefix } from '../../platform/rate-limit/network-prefixes.ts'
import { requireTokens, tryTakeTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { findPerson } from './create-person.ts'
import { readRecoveryCode } from './recovery-codes.ts'
import { type SecurityEvent, securityMail } from './security-mails.ts'
import { requireSignInToken } from './sign-in-limits.ts'

/**
 * A trusted browser has attempts of its own, so guesses elsewhere don't use them up. All trusted browsers of a user share
 * a second limit. When it is used up they are treated like any other browser, which doesn't lock the owner out.
 */
const limits = {
  passwordsOfDevice: { perSecond: 1 / 4, burst: 30 },
  passwordsOfDevices: { perSecond: 1 / 4, burst: 60 },
  codes: { perSecond: 1 / 60, burst: 10 },
  codesOfDevices: { perSecond: 1 / 60, burst: 30 },
  codesOfStrangers: { perSecond: 1 / 300, burst: 50 },
  /** Wrong passwords from anywhere, after which the owner gets a mail. Nobody is refused by it. */
  failedSignIns: { perSecond: 1 / 600, burst: 40 },
  warning: { perSecond: 1 / 86_400, burst: 1 },
} satisfies Record<string, BucketRule>

/** Guesses of what a signed-in user knows. A stolen session can't use up the attempts of the owner's. */
export const signedInRules = {
  session: { perSecond: 1 / 60, burst: 10 },
  /** Over all sessions. "Sign out everywhere else" asks for nothing, so the owner can end a stolen one. */
  user: { perSecond: 1 / 30, burst: 30 },
} satisfies Record<string, BucketRule>

export const guessWarningJob = 'mail_guess_warning'

/** Lets a sign-in try a password. @throws AppError `rate_limited`. */
export async function requirePasswordGuess(
  services: Services,
  email: string,
  meta: RequestMeta,
  device: string | undefined,
): Promise<void> {
  if (device) {
    const ofDevice = `sign-in:${hashOf(services, `device ${device} ${email}`)}`
    const ofDevices = `sign-in:${hashOf(services, `devices ${email}`)}`
    await requireTokens(services, [{ subject: ofDevice, rule: limits.passwordsOfDevice }])
    if (await tryTakeTokens(services, [{ subject: ofDevices, rule: limits.passwordsOfDevices }])) return
  }
  await requireSignInToken(services, email, meta)
}

/**
 * Counts a wrong password. After many the owner gets a mail, once a day at most. The same work whether or not the address
 * has an account: a job finds that out.
 */
export async function noteWrongPassword(services: Services, email: string, meta: RequestMeta): Promise<void> {
  const { db, secrets } = services
  const mailbox = hashOf(services, email)
  if (await tryTakeTokens(services, [{ subject: `wrong-password:${mailbox}`, rule: limits.failedSignIns }])) return
  if (await tryTakeTokens(services, [{ subject: `guess-warning:${mailbox}`, rule: limits.warning }]))
    await enqueue({ sql: db.kysely, secrets }, guessWarningJob, { email, meta })
}

/** Does what `noteWrongPassword` queued. */
export async function mailGuessWarning(services: Services, payload: unknown): Promise<void> {
  const { email, meta } = payload as { email: string; meta: RequestMeta }
  const { db, secrets } = services
  if (!(await findPerson(db.kysely, email))) return
  await sendMailLater({ sql: db.kysely, secrets }, securityMail(services, email, 'wrongPasswords', meta))
}

/** Lets a half-finished sign-in try a code. @throws AppError `rate_limited`, after a mail to the owner. */
export async function requireCodeGuess(
  services: Services,
  user: { id: string; email: string },
  given: { code: string; device: string | undefined },
  meta: RequestMeta,
): Promise<void> {
  const prefix = hostPrefix(meta.ip)
  await orWarn(services, user, 'wrongCodes', meta, async () => {
    if (given.device) {
      await requireTokens(services, [{ subject: `code:${user.id} ${given.device}`, rule: limits.codes }])
      if (await tryTakeTokens(services, [{ subject: `code-devices:${user.id}`, rule: limits.codesOfDevices }])) return
    }
    await requireTokens(services, [{ subject: `code:${user.id} ${prefix}`, rule: limits.codes }])
    // Nobody guesses a recovery code, so it stays the way in while many machines try codes of the app.
    if (readRecoveryCode(given.code) !== undefined || (await isSignedInFrom(services, user.id, prefix))) return
    await requireTokens(services, [{ subject: `code:${user.id}`, rule: limits.codesOfStrangers }])
  })
}

/** Lets somebody who is signed in try a password or code. @throws AppError `rate_limited`, after a mail to the owner. */
export async function requireSignedInGuess(
  services: Services,
  person: { id: string; email: string; sessionId: string },
  meta: RequestMeta,
): Promise<void> {
  await orWarn(services, person, 'wrongWhileSignedIn', meta, async () => {
    await requireTokens(services, [
      { subject: `password:${person.sessionId}`, rule: signedInRules.session },
      { subject: `password:${person.id}`, rule: signedInRules.user },
    ])
  })
}

async function orWarn(
  services: Services,
  user: { id: string; email: string },
  event: SecurityEvent,
  meta: RequestMeta,
  guess: () => Promise<void>,
): Promise<void> {
  try {
    await guess()
  } catch (error) {
    // Where the database is away nobody has guessed.
    if (!(error instanceof AppError) || error.code !== 'rate_limited') throw error
    const { db, secrets } = services
    if (await tryTakeTokens(services, [{ subject: `guess-warning:${event} ${user.id}`, rule: limits.warning }]))
      await sendMailLater({ sql: db.kysely, secrets }, securityMail(services, user.email, event, meta))
    throw error
  }
}

async function isSignedInFrom({ db, now }: Services, userId: string, prefix: string): Promise<boolean> {
  const sessions = await db.kysely
    .selectFrom('sessions')
    .select('ip_address')
    .where('user_id', '=', userId)
    .where('expires_at', '>', now())
    .execute()
  return sessions.some((session) => hostPrefix(session.ip_address) === prefix)
}

function hashOf({ secrets }: Services, text: string): string {
  return secrets.hash('token', text).toString('base64url')
}
