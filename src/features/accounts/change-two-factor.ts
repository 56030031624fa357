import { AppError, fieldError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { checkPassword } from './check-password.ts'
import { credentialsChanged } from './credentials-changed.ts'
import { credentialsChangedHere } from './credentials-changed-here.ts'
import { lockAccount, lockOwnAccount } from './lock-account.ts'
import { requireConfirmedAddress } from './mailbox-proof.ts'
import { takePendingSecret } from './pending-two-factor.ts'
import { makeRecoveryCodes } from './recovery-codes.ts'
import { type SecurityEvent, securityMail } from './security-mails.ts'
import type { SignedIn } from './sessions.ts'
import { useCode } from './two-factor.ts'

type Owner = SignedIn & { email: string }

/** The browser that asks. */
interface By {
  cookies: string | undefined
  meta: RequestMeta
}

/**
 * Turns two-factor sign-in on in exchange for a first code of the secret that this session was shown. Answers the recovery
 * codes, which exist only in this answer, and the cookies of this browser, the only one that stays signed in.
 * @throws AppError `validation_failed`, `conflict` where it is on already, `forbidden` while the address is unconfirmed.
 */
export async function confirmTwoFactor(
  services: Services,
  person: Owner,
  code: string,
  by: By,
): Promise<{ codes: string[]; cookies: string[] }> {
  return services.db.kysely.transaction().execute(async (sql) => {
    await lockOwnAccount(sql, person)
    await requireConfirmedAddress(services, sql, person.id)
    const secret = await takePendingSecret(services, sql, person, code)
    if (!secret) throw wrongCode()
    const added = await sql
      .insertInto('two_factors')
      .values({ user_id: person.id, ...secret, confirmed_at: services.now() })
      .onConflict((conflict) => conflict.doNothing())
      .returning('user_id')
      .executeTakeFirst()
    if (!added) throw new AppError('conflict', 'Two-factor sign-in is on already.')
    const codes = await makeRecoveryCodes(sql, person.id)
    const cookies = await credentialsChangedHere(services, sql, 'two_factor_on', person, by.cookies)
    await tell(services, sql, person, 'twoFactorOn', by.meta)
    return { codes, cookies }
  })
}

/** Ten new recovery codes in the place of the earlier ones. @throws AppError `conflict` where two-factor sign-in is off. */
export async function renewRecoveryCodes(services: Services, person: Owner, meta: RequestMeta): Promise<string[]> {
  return services.db.kysely.transaction().execute(async (sql) => {
    await lockOwnAccount(sql, person)
    const on = await sql
      .selectFrom('two_factors')
      .select('user_id')
      .where('user_id', '=', person.id)
      .forUpdate()
      .executeTakeFirst()
    if (!on) throw new AppError('conflict', 'Two-factor sign-in is off.')
    const codes = await makeRecoveryCodes(sql, person.id)
    const { id: userId, email } = person
    await credentialsChanged(services, sql, 'recovery_codes_renewed', { userId, email, keep: {} })
    await tell(services, sql, person, 'recoveryCodes', meta)
    return codes
  })
}

/**
 * Turns two-factor sign-in off for who has the password and a code, of the app or for recovery; answers the cookies to set.
 * @throws AppError `validation_failed`.
 */
export async function endTwoFactor(
  services: Services,
  person: Owner,
  given: { password: string; code: string },
  by: By,
): Promise<string[]> {
  if (!(await checkPassword(services, { id: person.id }, given.password)))
    throw fieldError('off_password', 'refused', 'This is not your password.')
  return services.db.kysely.transaction().execute(async (sql) => {
    await lockOwnAccount(sql, person)
    if (!(await useCode(services, sql, person.id, given.code))) throw wrongCode()
    await removeTwoFactor(sql, person.id)
    const cookies = await credentialsChangedHere(services, sql, 'two_factor_off', person, by.cookies)
    await tell(services, sql, person, 'twoFactorOff', by.meta)
    return cookies
  })
}

/** Turns it off for somebody who has neither app nor recovery code, on the operator's word; false where it was off. */
export async function takeAwayTwoFactor(services: Services, person: { id: string; email: string }): Promise<boolean> {
  return services.db.kysely.transaction().execute(async (sql) => {
    await lockAccount(sql, person.id)
    if (!(await removeTwoFactor(sql, person.id))) return false
    const { id: userId, email } = person
    await credentialsChanged(services, sql, 'two_factor_removed', { userId, email, keep: {} })
    await tell(services, sql, person, 'twoFactorRemoved', null)
    return true
  })
}

async function removeTwoFactor(sql: Services['db']['kysely'], userId: string): Promise<boolean> {
  const ended = await sql
    .deleteFrom('two_factors')
    .where('user_id', '=', userId)
    .returning('user_id')
    .executeTakeFirst()
  return ended !== undefined
}

async function tell(
  services: Services,
  sql: Services['db']['kysely'],
  person: { email: string },
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
