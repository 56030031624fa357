import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { Proven } from './check-password.ts'
import { readHalfSession } from './half-session.ts'
import { lockAccount } from './lock-account.ts'
import { findResetLink, resetLinkGone, useResetLink } from './reset-links.ts'
import { goOnFromPassword, type SignedIn } from './sign-in.ts'

interface Confirmable {
  email: string
  proven: Proven
}

/**
 * The user whose never confirmed address a mailed link proves, in the browser where their password was right a moment ago.
 * Anywhere else the link only serves to choose a new password, so a stranger's account cannot be confirmed by mistake.
 */
export async function findConfirmable(
  services: Services,
  token: string,
  cookies: string | undefined,
): Promise<Confirmable | undefined> {
  if (!services.config.smtpUrl) return undefined
  const proven = await readHalfSession(services, cookies)
  if (!proven) return undefined
  const { kysely } = services.db
  const link = await findResetLink(services, kysely, token)
  if (!link?.isMailed || link.userId !== proven.userId) return undefined
  const user = await kysely
    .selectFrom('users')
    .select('email')
    .where('id', '=', link.userId)
    .where('email_verified', '=', false)
    .executeTakeFirst()
  return user && { email: user.email, proven }
}

/**
 * Confirms an address that was never confirmed, keeping the password and two-factor sign-in, and goes on with the sign-in.
 * @throws AppError `not_found`, `unauthenticated`.
 */
export async function confirmAddress(
  services: Services,
  token: string,
  by: { cookies: string | undefined; meta: RequestMeta },
): Promise<SignedIn> {
  const user = await findConfirmable(services, token, by.cookies)
  if (!user) throw resetLinkGone()
  const { userId } = user.proven
  await services.db.kysely.transaction().execute(async (sql) => {
    await lockAccount(sql, userId)
    await useResetLink(services, sql, token)
    await sql.updateTable('users').set({ email_verified: true }).where('id', '=', userId).execute()
  })
  return goOnFromPassword(services, user.proven, by.cookies, by.meta)
}
