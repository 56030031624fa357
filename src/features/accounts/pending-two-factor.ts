import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import type { SignedIn } from './sessions.ts'
import { matchTotp, newTotpSecret } from './totp.ts'
import { findTwoFactor, readAppCode } from './two-factor.ts'

/** A secret that was not confirmed for so long is replaced by another. */
const pendingMs = 3_600_000

/**
 * The secret for a person's app; nothing is asked for until it is confirmed. Each session has one of its own, so that
 * nobody who was signed in beside the owner knows theirs. The same one again for an hour, so that a form sent twice, or a
 * mistyped code, leaves what was scanned good.
 * @throws AppError `conflict` where two-factor sign-in is on already.
 */
export async function prepareTwoFactor(services: Services, person: SignedIn): Promise<string> {
  const { db, secrets, now } = services
  if (await findTwoFactor(services, person.id)) throw new AppError('conflict', 'Two-factor sign-in is on already.')
  const wanted = newTotpSecret()
  const fresh = {
    secret: secrets.seal('two-factor', wanted),
    secret_version: secrets.version,
    created_at: now(),
  }
  const replaced = await db.kysely
    .insertInto('pending_two_factors')
    .values({ session_id: person.sessionId, user_id: person.id, ...fresh })
    .onConflict((conflict) =>
      conflict
        .column('session_id')
        .doUpdateSet(fresh)
        .where('pending_two_factors.created_at', '<', new Date(now().getTime() - pendingMs)),
    )
    .returning('session_id')
    .executeTakeFirst()
  if (replaced) return wanted
  const pending = await findPending(db.kysely, person)
  const secret = pending && secrets.open('two-factor', pending.secret)
  if (secret === undefined) throw new AppError('conflict', 'Two-factor sign-in is on already.')
  return secret
}

/** Takes the secret of this session, once, in exchange for a code of it; undefined for a wrong code. */
export async function takePendingSecret(
  { secrets, now }: Services,
  sql: Kysely<Tables>,
  person: SignedIn,
  typed: string,
): Promise<{ secret: Buffer; secret_version: string; last_step: number } | undefined> {
  const code = readAppCode(typed)
  const pending = code === undefined ? undefined : await findPending(sql, person)
  const secret = pending && secrets.open('two-factor', pending.secret)
  const step = secret === undefined || code === undefined ? undefined : matchTotp(secret, code, now())
  if (step === undefined) return undefined
  const taken = await sql
    .deleteFrom('pending_two_factors')
    .where('session_id', '=', person.sessionId)
    .where('user_id', '=', person.id)
    .where('created_at', '>=', new Date(now().getTime() - pendingMs))
    .returning(['secret', 'secret_version'])
    .executeTakeFirst()
  return taken && { ...taken, last_step: step }
}

async function findPending(sql: Kysely<Tables>, person: SignedIn) {
  return sql
    .selectFrom('pending_two_factors')
    .select('secret')
    .where('session_id', '=', person.sessionId)
    .where('user_id', '=', person.id)
    .executeTakeFirst()
}
