import type { Services } from '../../platform/services.ts'
import { hashPassword, knownTurn, strangersTurn, verifyPassword } from './password-hash.ts'
import { passwordLength } from './password-length.ts'

/** A user whose password was right. It counts only until their credentials change. */
export interface Proven {
  userId: string
  passwordHash: string
  credentialsVersion: number
}

/** The person whose password this is. Takes as long for an address that is nobody's. `turn`: see `hashPassword`. */
export async function checkPassword(
  { db }: Services,
  who: { email: string } | { id: string },
  password: string,
  turn = 'id' in who ? knownTurn(who.id) : strangersTurn(null),
): Promise<Proven | undefined> {
  const [column, value] = 'id' in who ? (['u.id', who.id] as const) : (['u.email', who.email] as const)
  const known = await db.kysely
    .selectFrom('users as u')
    .innerJoin('credentials as c', 'c.user_id', 'u.id')
    .select(['u.id', 'u.credentials_version', 'c.password'])
    .where(column, '=', value)
    .where('c.provider_id', '=', 'credential')
    .executeTakeFirst()
  // Nobody's, however its letters are composed. Hashing begins by normalising, which takes seconds for a long text made for it.
  const isTooLong = password.length > passwordLength.max * 4
  if (!known?.password || isTooLong) {
    await hashPassword(isTooLong ? '' : password, turn)
    return undefined
  }
  const isRight = await verifyPassword({ hash: known.password, password }, turn)
  if (!isRight) return undefined
  return { userId: known.id, passwordHash: known.password, credentialsVersion: known.credentials_version }
}
