import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { makeAccounts } from './accounts.ts'
import { isRefusal } from './sign-in.ts'

/**
 * Sets a new password in exchange for a mailed token and ends every session: all of it or nothing, so that a link that was
 * tried while the database went away is good still. @throws AppError `not_found`.
 */
export async function resetPassword(services: Services, token: string, newPassword: string): Promise<void> {
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
