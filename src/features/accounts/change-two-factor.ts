import { AppError, fieldError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { checkPassword } from './check-password.ts'
import { makeRecoveryCodes } from './recovery-codes.ts'
import { type SecurityEvent, securityMail } from './security-mails.ts'
import { renewSession, type SignedIn } from './sessions.ts'
import { newTotpSecret } from './totp.ts'
import { useAppCode, useCode } from './two-factor.ts'

/** A secret that was not confirmed for so long is replaced by another. */
const pendingMs = 3_600_000

interface Owner {
  id: string
  email: string
}

/**
 * The secret for a person's app; nothing is asked for until `confirmTwoFactor`. The same one again for an hour, so that a
 * form sent twice, or a mistyped code, leaves what was scanned good.
 * @throws AppError `conflict` where it is on already.
 */
export async function prepareTwoFactor({ db, secrets, now }: Services, person: Owner): Promise<string> {
  const wanted = newTotpSecret()
  const fresh = {
    secret: secrets.seal('two-factor', wanted),
    secret_version: secrets.version,
    last_step: 0,
    created_at: now(),
  }
  const replaced = await db.kysely
    .insertInto('two_factors')
    .values({ user_id: person.id, confirmed_at: null, ...fresh })
    .onConflict((conflict) =>
      conflict
        .column('user_id')
        .doUpdateSet(fresh)
        .where('two_factors.confirmed_at', 'is', null)
        .where('two_factors.created_at', '<', new Date(now().getTime() - pendingMs)),
    )
    .returning('user_id')
    .executeTakeFirst()
  if (replaced) return wanted
  const pending = await db.kysely
    .selectFrom('two_factors')
    .select('secret')
    .where('user_id', '=', person.id)
    .where('confirmed_at', 'is', null)
    .executeTakeFirst()
  const secret = pending && secrets.open('two-factor', pending.secret)
  if (secret === undefined) throw new AppError('conflict', 'Two-factor sign-in is on already.')
  return secret
}

/**
 * Turns two-factor sign-in on in exchange for a first code, and answers the recovery codes, which exist only in this answer,
 * and the cookie of the session under another token.
 * @throws AppError `validation_failed`.
 */
export async function confirmTwoFactor(
  services: Services,
  person: Owner & SignedIn,
  code: string,
  meta: RequestMeta,
): Promise<{ codes: string[]; cookie: string }> {
  return services.db.kysely.transaction().execute(async (sql) => {
    if (!(await useAppCode(services, sql, person.id, code, 'pending'))) throw wrongCode()
    await sql
      .updateTable('two_factors')
      .set({ confirmed_at: services.now() })
      .where('user_id', '=', person.id)
      .execute()
    await tell(services, sql, person, 'twoFactorOn', meta)
    return { codes: await makeRecoveryCodes(sql, person.id), cookie: await renewSession(services, person, sql) }
  })
}

/** Ten new recovery codes in the place of the earlier ones. @throws AppError `conflict` where two-factor sign-in is off. */
export async function renewRecoveryCodes(services: Services, person: Owner, meta: RequestMeta): Promise<string[]> {
  return services.db.kysely.transaction().execute(async (sql) => {
    const on = await sql
      .selectFrom('two_factors')
      .select('user_id')
      .where('user_id', '=', person.id)
      .where('confirmed_at', 'is not', null)
      .forUpdate()
      .executeTakeFirst()
    if (!on) throw new AppError('conflict', 'Two-factor sign-in is off.')
    await tell(services, sql, person, 'recoveryCodes', meta)
    return makeRecoveryCodes(sql, person.id)
  })
}

/** Turns two-factor sign-in off for who has the password and a code, of the app or for recovery. @throws AppError `validation_failed`. */
export async function endTwoFactor(
  services: Services,
  person: Owner,
  given: { password: string; code: string },
  meta: RequestMeta,
): Promise<void> {
  if (!(await checkPassword(services, { id: person.id }, given.password)))
    throw fieldError('off_password', 'refused', 'This is not your password.')
  await services.db.kysely.transaction().execute(async (sql) => {
    if (!(await useCode(services, sql, person.id, given.code))) throw wrongCode()
    await removeTwoFactor(services, sql, person, meta)
  })
}

/** Turns it off for somebody who has neither app nor recovery code, on the operator's word; false where it was off. */
export async function takeAwayTwoFactor(services: Services, person: Owner): Promise<boolean> {
  return services.db.kysely.transaction().execute((sql) => removeTwoFactor(services, sql, person, null))
}

async function removeTwoFactor(
  services: Services,
  sql: Services['db']['kysely'],
  person: Owner,
  meta: RequestMeta | null,
): Promise<boolean> {
  const ended = await sql
    .deleteFrom('two_factors')
    .where('user_id', '=', person.id)
    .where('confirmed_at', 'is not', null)
    .returning('user_id')
    .executeTakeFirst()
  if (ended) await tell(services, sql, person, 'twoFactorOff', meta)
  return ended !== undefined
}

async function tell(
  services: Services,
  sql: Services['db']['kysely'],
  person: Owner,
  event: SecurityEvent,
  meta: RequestMeta | null,
): Promise<void> {
  await sendMailLater({ sql, secrets: services.secrets }, securityMail(services, person.email, event, meta))
}

/** What to do instead goes by which kind was asked for. */
export function wrongCode(asked: 'app' | 'recovery' = 'app'): AppError {
  const next = { app: 'A new one comes every 30 seconds.', recovery: 'Try another one of those you saved.' }
  return fieldError('code', 'refused', `This code is not right, or was used before. ${next[asked]}`)
}
