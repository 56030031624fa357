import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { lockOwnAccount } from './lock-account.ts'
import { requireConfirmedAddress } from './mailbox-proof.ts'
import type { SignedIn } from './sessions.ts'
import { matchTotp, newTotpSecret } from './totp.ts'
import { readAppCode } from './two-factor.ts'

/** A secret that was not confirmed for so long is replaced by another. */
const pendingMs = 3_600_000

/**
 * The secret for a person's app; nothing is asked for until it is confirmed. Each session has one of its own, so that
 * nobody who was signed in beside the owner knows theirs. The same one again for an hour, so that a form sent twice, or a
 * mistyped code, leaves what was scanned good.
 * @throws AppError `conflict` where two-factor sign-in is on already, `forbidden` while the address is unconfirmed.
 */
export async function prepareTwoFactor(services: Services, person: SignedIn): Promise<string> {
  const { db, secrets, now } = services
  return db.kysely.transaction().execute(async (sql) => {
    await lockOwnAccount(sql, person)
    if (await isOn(sql, person)) throw new AppError('conflict', 'Two-factor sign-in is on already.')
    await requireConfirmedAddress(services, sql, person.id)
    const pending = await findPending(sql, person, now())
    const shown = pending && secrets.open('two-factor', pending.secret)
    if (shown !== undefined) return shown
    const wanted = newTotpSecret()
    const fresh = {
      secret: secrets.seal('two-factor', wanted),
      secret_version: secrets.version,
      created_at: now(),
    }
    await sql
      .insertInto('pending_two_factors')
      .values({ session_id: person.sessionId, user_id: person.id, ...fresh })
      .onConflict((conflict) => conflict.column('session_id').doUpdateSet(fresh))
      .execute()
    return wanted
  })
}

async function isOn(sql: Kysely<Tables>, person: SignedIn): Promise<boolean> {
  const on = await sql.selectFrom('two_factors').select('user_id').where('user_id', '=', person.id).executeTakeFirst()
  return on !== undefined
}

/** Takes the secret of this session, once, in exchange for a code of it; undefined for a wrong code. */
export async function takePendingSecret(
  { secrets, now }: Services,
  sql: Kysely<Tables>,
  person: SignedIn,
  typed: string,
): Promise<{ secret: Buffer; secret_version: string; last_step: number } | undefined> {
  const code = readAppCode(typed)
  const pending = code === undefined ? undefined : await findPending(sql, person, now())
  const secret = pending && secrets.open('two-factor', pending.secret)
  const step = secret === undefined || code === undefined ? undefined : matchTotp(secret, code, now())
  if (step === undefined) return undefined
  const taken = await sql
    .deleteFrom('pending_two_factors')
    .where('session_id', '=', person.sessionId)
    .where('user_id', '=', person.id)
    .returning(['secret', 'secret_version'])
    .executeTakeFirst()
  return taken && { ...taken, last_step: step }
}

async function findPending(sql: Kysely<Tables>, person: SignedIn, at: Date) {
  return sql
    .selectFrom('pending_two_factors')
    .select('secret')
    .where('session_id', '=', person.sessionId)
    .where('user_id', '=', person.id)
    .where('created_at', '>', new Date(at.getTime() - pendingMs))
    .executeTakeFirst()
}
