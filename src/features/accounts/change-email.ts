import { z } from 'zod'
import { isUniqueViolation } from '../../platform/db/unique-violation.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { prefixBuckets } from '../../platform/rate-limit/network-prefixes.ts'
import { requireTokens, tryTakeTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import { findPerson, personEmailSchema } from './create-person.ts'
import { credentialsChangedHere } from './credentials-changed-here.ts'
import { lockOwnAccount } from './lock-account.ts'
import { mailBuckets, mailboxRule } from './mail-buckets.ts'
import { isAddressUnconfirmed } from './mailbox-proof.ts'
import { confirmEmailMail, confirmOwnEmailMail, emailLeftMail, emailTakenMail } from './security-mails.ts'
import type { SignedIn } from './sessions.ts'
import { formRules } from './sign-in-limits.ts'
import { newcomerBuckets } from './stranger-ceilings.ts'

const validMs = 3_600_000
const emailInput = z.strictObject({ email: personEmailSchema })

interface Owner {
  id: string
  email: string
}

/**
 * Mails a link to the address that is to be a person's own, good once and for an hour, and a notice to the one they have.
 * Nothing that whoever asks can see tells whether the address has an account already; its mailbox is told. The address that
 * they have may be confirmed in the same way while no mail has ever done so. Answers whether it is that one.
 * @throws AppError `validation_failed`, `rate_limited`.
 */
export async function requestEmailChange(
  services: Services,
  person: Owner & SignedIn,
  input: unknown,
  meta: RequestMeta,
): Promise<{ isOwn: boolean }> {
  const { email } = parseInput(emailInput, input)
  const { secrets, db, now } = services
  const isOwn = email === person.email
  if (isOwn && !(await isAddressUnconfirmed(services, db.kysely, person.id)))
    throw fieldError('email', 'refused', 'This is your address already.')
  await requireTokens(services, [
    { subject: `email-change:${person.id}`, rule: mailboxRule },
    ...prefixBuckets('email-change', meta.ip, formRules),
    ...(await newcomerBuckets(services, person.id)),
  ])
  // Nobody else's requests keep a user from confirming their own address, and theirs are counted above.
  const mayMail = isOwn || (await tryTakeTokens(services, mailBuckets(secrets, 'email-change', email)))
  const token = randomBase62(32)
  const change = {
    email,
    token_hash: secrets.hash('token', token),
    created_at: now(),
    expires_at: new Date(now().getTime() + validMs),
  }
  await db.kysely.transaction().execute(async (sql) => {
    await lockOwnAccount(sql, person)
    await sql
      .insertInto('email_changes')
      .values({ user_id: person.id, ...change })
      .onConflict((conflict) => conflict.column('user_id').doUpdateSet(change))
      .execute()
    if (isOwn) return sendMailLater({ sql, secrets }, confirmOwnEmailMail(services, email, token))
    const isTaken = (await findPerson(sql, email)) !== undefined
    const toNew = isTaken ? emailTakenMail(services, email) : confirmEmailMail(services, email, token)
    if (mayMail) await sendMailLater({ sql, secrets }, toNew)
    await sendMailLater(
      { sql, secrets },
      emailLeftMail(services, { from: person.email, to: email, isDone: false }, meta),
    )
  })
  return { isOwn }
}

/** The new address that a person waits to confirm, if there is one. */
export async function findPendingEmail({ db, now }: Services, person: Owner): Promise<string | undefined> {
  const pending = await db.kysely
    .selectFrom('email_changes')
    .select('email')
    .where('user_id', '=', person.id)
    .where('email', '<>', person.email)
    .where('expires_at', '>', now())
    .executeTakeFirst()
  return pending?.email
}

/** The address that a link stands for, for the person who asked for it alone. @throws AppError `not_found`. */
export async function getEmailChange({ db, secrets, now }: Services, person: Owner, token: string): Promise<string> {
  const change = await db.kysely
    .selectFrom('email_changes')
    .select('email')
    .where('token_hash', 'in', secrets.hashes('token', token))
    .where('user_id', '=', person.id)
    .where('expires_at', '>', now())
    .executeTakeFirst()
  if (!change) throw linkGone(person)
  return change.email
}

/** Makes the link lead nowhere. */
export async function cancelEmailChange({ db }: Services, person: Owner): Promise<void> {
  await db.kysely.deleteFrom('email_changes').where('user_id', '=', person.id).execute()
}

/**
 * Gives a person the address whose mailbox the link came from, once, and tells the one they leave. A name that was the old
 * address becomes the new one. Signs them out everywhere else; answers the cookies to set. Their own address is marked as
 * confirmed, and nothing else changes.
 * @throws AppError `not_found`, `conflict` where the address was taken meanwhile.
 */
export async function confirmEmailChange(
  services: Services,
  person: Owner & SignedIn,
  token: string,
  by: { cookies: string | undefined; meta: RequestMeta },
): Promise<{ cookies: string[]; isOwn: boolean }> {
  const { db, secrets, now } = services
  try {
    return await db.kysely.transaction().execute(async (sql) => {
      await lockOwnAccount(sql, person)
      const change = await sql
        .deleteFrom('email_changes')
        .where('token_hash', 'in', secrets.hashes('token', token))
        .where('user_id', '=', person.id)
        .where('expires_at', '>', now())
        .returning('email')
        .executeTakeFirst()
      if (!change) throw linkGone(person)
      const { email } = change
      if (email === person.email) {
        await sql.updateTable('users').set({ email_verified: true }).where('id', '=', person.id).execute()
        return { cookies: [], isOwn: true }
      }
      await sql
        .updateTable('users')
        .set((eb) => ({
          email,
          email_verified: true,
          name: eb.case().when('name', '=', eb.ref('email')).then(email).else(eb.ref('name')).end(),
        }))
        .where('id', '=', person.id)
        .execute()
      const cookies = await credentialsChangedHere(services, sql, 'email_changed', person, by.cookies)
      const notice = emailLeftMail(services, { from: person.email, to: email, isDone: true }, by.meta)
      await sendMailLater({ sql, secrets }, notice)
      return { cookies, isOwn: false }
    })
  } catch (error) {
    if (!isUniqueViolation(error, 'users_email_key')) throw error
    throw new AppError('conflict', 'There is another account with this address by now, so yours stays as it is.')
  }
}

function linkGone(person: Owner): AppError {
  return new AppError(
    'not_found',
    `This link is used up, older than an hour, or of another account. You are signed in as ${person.email}.`,
    { page: { title: 'This link does not work any more', way: ['Go to your account', '/account'] } },
  )
}
