import { AppError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { wrongCode } from './change-two-factor.ts'
import type { Proven } from './check-password.ts'
import { requireCodeGuess } from './guess-limits.ts'
import { lockAccount } from './lock-account.ts'
import { isMailboxProven } from './mailbox-proof.ts'
import { securityMail } from './security-mails.ts'
import { signInBrowser } from './sign-in-browser.ts'
import { findTrustedDevice } from './trusted-device.ts'
import { useCode } from './two-factor.ts'

/**
 * The second half of signing in: a session in exchange for a code, of the app or for recovery, each good once. Answers the
 * cookies to set.
 * @throws AppError `validation_failed` for a wrong code, `rate_limited`, `unauthenticated` when the credentials changed.
 */
export async function signInWithCode(
  services: Services,
  proven: Proven,
  given: { code: string; asked: 'app' | 'recovery'; cookies: string | undefined },
  meta: RequestMeta,
): Promise<string[]> {
  const { db, secrets } = services
  const { userId } = proven
  const user = await db.kysely.selectFrom('users').select(['id', 'email']).where('id', '=', userId).executeTakeFirst()
  // A challenge before the mailbox has answered is for the mailed link alone.
  if (!user || !(await isMailboxProven(services, userId))) throw credentialsChangedMeanwhile()
  const device = await findTrustedDevice(services, given.cookies, { userId })
  await requireCodeGuess(services, user, { code: given.code, device }, meta)
  return db.kysely.transaction().execute(async (sql) => {
    await lockAccount(sql, userId)
    const kind = await useCode(services, sql, userId, given.code)
    if (!kind) throw wrongCode(given.asked)
    if (kind === 'recovery')
      await sendMailLater({ sql, secrets }, securityMail(services, user.email, 'recoveryCodeUsed', meta))
    const cookies = await signInBrowser(services, sql, proven, { cookies: given.cookies, meta })
    if (!cookies) throw credentialsChangedMeanwhile()
    return cookies
  })
}

function credentialsChangedMeanwhile(): AppError {
  return new AppError('unauthenticated', 'Your password was changed meanwhile. Sign in again.')
}
