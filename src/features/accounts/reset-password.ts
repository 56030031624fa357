import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { credentialsChanged } from './credentials-changed.ts'
import { lockAccount } from './lock-account.ts'
import { isFirstAccount } from './mailbox-proof.ts'
import { hashPassword, knownTurn } from './password-hash.ts'
import { requireUncommonPassword } from './password-policy.ts'
import { findResetLink, resetLinkGone, useResetLink } from './reset-links.ts'
import { securityMail } from './security-mails.ts'
import { findTrustedDevice, trustDevice } from './trusted-device.ts'

/**
 * Sets a new password in exchange for a link and ends every session: all of it or nothing, so that a link that was tried
 * while the database went away is good still. A mailed link confirms the address. An account that was never confirmed then
 * belongs to its mailbox, so two-factor sign-in goes as well, except that of the server's first account: nobody else can
 * have made it, and its address may be mistyped. Returns the cookies to set.
 * @throws AppError `not_found`, `validation_failed` for a password that is easily guessed; the link is good still.
 */
export async function resetPassword(
  services: Services,
  token: string,
  newPassword: string,
  by: { cookies: string | undefined; meta: RequestMeta },
): Promise<string[]> {
  const link = await findResetLink(services, services.db.kysely, token)
  if (!link) throw resetLinkGone()
  const { userId, isMailed } = link
  await requireUncommonPassword(newPassword, await getOwner(services, userId))
  const passwordHash = await hashPassword(newPassword, knownTurn(userId))
  const isTrusted = (await findTrustedDevice(services, by.cookies, { userId })) !== undefined
  return services.db.kysely.transaction().execute(async (sql) => {
    const account = await lockAccount(sql, userId)
    if (!account) throw resetLinkGone()
    await useResetLink(services, sql, token)
    const { email } = account
    // Without a mail server a mailed link proves nothing: the operator reads those mails.
    const provesMailbox = isMailed && services.config.smtpUrl !== undefined
    const isClaimed = provesMailbox && !account.email_verified
    await sql.updateTable('credentials').set({ password: passwordHash }).where('user_id', '=', userId).execute()
    const tell = (event: 'password' | 'twoFactorOff') =>
      sendMailLater({ sql, secrets: services.secrets }, securityMail(services, email, event, by.meta))
    if (provesMailbox || !isMailed)
      await sql.updateTable('users').set({ email_verified: true }).where('id', '=', userId).execute()
    if (isClaimed && !(await isFirstAccount(sql, userId))) {
      const had = await sql.deleteFrom('two_factors').where('user_id', '=', userId).returning('user_id').execute()
      if (had.length > 0) await tell('twoFactorOff')
    }
    const keepsDevice = isTrusted && !isClaimed
    const device = keepsDevice ? await trustDevice(services, sql, userId, by.cookies, { isRenewed: true }) : undefined
    const event = isClaimed ? 'account_claimed' : 'password_reset'
    await credentialsChanged(services, sql, event, { userId, email, keep: { deviceId: device?.id } })
    await tell('password')
    return device ? [device.cookie] : []
  })
}

async function getOwner({ db }: Services, userId: string): Promise<{ email: string; name: string }> {
  const user = await db.kysely.selectFrom('users').select(['email', 'name']).where('id', '=', userId).executeTakeFirst()
  if (!user) throw resetLinkGone()
  return user
}
