import { createHash } from 'node:crypto'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { makeAccounts } from './accounts.ts'
import { requireUncommonPassword } from './password-policy.ts'
import { isRefusal } from './sign-in.ts'

/**
 * Sets a new password in exchange for a mailed token and ends every session: all of it or nothing, so that a link that was
 * tried while the database went away is good still.
 * @throws AppError `not_found`, `validation_failed` for a password that is easily guessed; the link is good still.
 */
export async function resetPassword(services: Services, token: string, newPassword: string): Promise<void> {
  await requireUncommonPassword(newPassword, (await findOwner(services, token)) ?? { email: '' })
  try {
    await services.db.kysely.transaction().execute(async (sql) => {
      const accounts = makeAccounts({ ...services, db: { ...services.db, kysely: sql } })
      await accounts.api.resetPassword({ body: { newPassword, token } })
    })
  } catch (error) {
    if (!isRefusal(error)) throw error
    throw new AppError('not_found', 'This link is used up or older than an hour. Ask for another.', {
      page: { title: 'This link does not work any more', way: ['Ask for another link', '/forgot-password'] },
    })
  }
}

/** Whose link it is, used up or not: the name of a token is stored as better-auth hashes it. */
function findOwner({ db }: Services, token: string) {
  const identifier = createHash('sha256').update(`reset-password:${token}`).digest('base64url')
  return db.kysely
    .selectFrom('verifications as v')
    .innerJoin('users as u', 'u.id', 'v.value')
    .select(['u.email', 'u.name'])
    .where('v.identifier', '=', identifier)
    .executeTakeFirst()
}
