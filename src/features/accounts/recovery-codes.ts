import { createHash, randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'

const howMany = 10
/** Nothing that is read as something else (Crockford's base 32). */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const length = 16

/** Gives a person ten new recovery codes in the place of what they had; they exist only in this answer. */
export async function makeRecoveryCodes(sql: Kysely<Tables>, userId: string): Promise<string[]> {
  const codes = Array.from({ length: howMany }, newCode)
  await sql.deleteFrom('recovery_codes').where('user_id', '=', userId).execute()
  await sql
    .insertInto('recovery_codes')
    .values(codes.map((code) => ({ user_id: userId, code_hash: hashOf(userId, code), used_at: null })))
    .execute()
  return codes.map((code) => code.replace(/(.{4})(?=.)/g, '$1-'))
}

/** Uses a recovery code up, however it is spelled; false for one that is none, or was used before. */
export async function useRecoveryCode(sql: Kysely<Tables>, userId: string, typed: string, at: Date): Promise<boolean> {
  const code = readRecoveryCode(typed)
  if (code === undefined) return false
  const used = await sql
    .updateTable('recovery_codes')
    .set({ used_at: at })
    .where('user_id', '=', userId)
    .where('code_hash', '=', hashOf(userId, code))
    .where('used_at', 'is', null)
    .returning('user_id')
    .executeTakeFirst()
  return used !== undefined
}

/** What was typed as a recovery code, if it has the form of one. */
export function readRecoveryCode(typed: string): string | undefined {
  const code = typed.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1')
  return code.length === length && [...code].every((letter) => alphabet.includes(letter)) ? code : undefined
}

function newCode(): string {
  // Both lengths divide 256: no letter is favoured.
  return [...randomBytes(length)].map((byte) => alphabet[byte % alphabet.length]).join('')
}

/** No key, so that a rotated SECRET_KEY leaves them good: 80 random bits cannot be guessed from their hash. */
function hashOf(userId: string, code: string): Buffer {
  return createHash('sha256').update(`queueup recovery code ${userId} ${code}`).digest()
}
