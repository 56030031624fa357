import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import type { Services } from '../../platform/services.ts'
import { useRecoveryCode } from './recovery-codes.ts'
import { matchTotp } from './totp.ts'

/** What a person has beside their password. */
export interface TwoFactor {
  since: Date
  codesLeft: number
}

/** Whether signing in asks a person for a code, since when, and how many recovery codes they have left. */
export async function findTwoFactor({ db }: Services, userId: string): Promise<TwoFactor | undefined> {
  const row = await db.kysely
    .selectFrom('two_factors as t')
    .select((eb) => [
      't.confirmed_at',
      eb
        .selectFrom('recovery_codes as r')
        .select((e) => e.fn.countAll<number>().as('n'))
        .whereRef('r.user_id', '=', 't.user_id')
        .where('r.used_at', 'is', null)
        .as('codes_left'),
    ])
    .where('t.user_id', '=', userId)
    .executeTakeFirst()
  return row && { since: row.confirmed_at, codesLeft: row.codes_left ?? 0 }
}

/** How somebody proved that they have what a code is made with. */
type CodeKind = 'app' | 'recovery'

/** Uses up what was typed, a code of the app or a recovery code, each once ever; undefined for what is neither. */
export async function useCode(
  services: Services,
  sql: Kysely<Tables>,
  userId: string,
  typed: string,
): Promise<CodeKind | undefined> {
  if (await useAppCode(services, sql, userId, typed)) return 'app'
  return (await useRecoveryCode(sql, userId, typed, services.now())) ? 'recovery' : undefined
}

/** Uses up a code of the app. A step counts once: who looks over a shoulder, or at two requests at once, comes too late. */
async function useAppCode(
  { secrets, now }: Services,
  sql: Kysely<Tables>,
  userId: string,
  typed: string,
): Promise<boolean> {
  const code = readAppCode(typed)
  if (code === undefined) return false
  const row = await sql.selectFrom('two_factors').select('secret').where('user_id', '=', userId).executeTakeFirst()
  const secret = row && secrets.open('two-factor', row.secret)
  const step = secret === undefined ? undefined : matchTotp(secret, code, now())
  if (step === undefined) return false
  const used = await sql
    .updateTable('two_factors')
    .set({ last_step: step })
    .where('user_id', '=', userId)
    .where('last_step', '<', step)
    .returning('user_id')
    .executeTakeFirst()
  return used !== undefined
}

/** What was typed as a code of the app, if it has the form of one. */
export function readAppCode(typed: string): string | undefined {
  const code = typed.replace(/\s/g, '')
  return /^[0-9]{6}$/.test(code) ? code : undefined
}
