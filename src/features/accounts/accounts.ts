import { kyselyAdapter } from '@better-auth/kysely-adapter'
import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { newId } from '../../platform/ids.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { Services } from '../../platform/services.ts'
import { hashSessionTokens } from './hash-session-tokens.ts'
import { hashPassword, knownTurn, verifyPassword } from './password-hash.ts'
import { passwordLength } from './password-length.ts'
import { securityMail } from './security-mails.ts'
import { sessionSeconds } from './sessions.ts'

const resetSeconds = 3_600
const times = { createdAt: 'created_at', updatedAt: 'updated_at' }

/**
 * People, passwords and sessions. better-auth does them; its own HTTP handler is not mounted, our forms call it.
 * `takeResetToken` is told the token that a request for a new password made.
 */
export function makeAccounts(services: Services, takeResetToken: (token: string) => void = () => undefined) {
  const { config, secrets, db, log } = services
  const secure = config.publicUrl.startsWith('https:')
  return betterAuth({
    baseURL: config.publicUrl,
    secret: secrets.derive('accounts'),
    database: (options: BetterAuthOptions) =>
      hashSessionTokens(kyselyAdapter(db.kysely, { type: 'postgres' })(options), secrets),
    user: { modelName: 'users', fields: { emailVerified: 'email_verified', ...times } },
    session: {
      modelName: 'sessions',
      fields: {
        userId: 'user_id',
        expiresAt: 'expires_at',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        ...times,
      },
      additionalFields: {
        confirmedAt: { type: 'date', required: true, input: false, fieldName: 'confirmed_at' },
        lastSeenAt: { type: 'date', required: true, input: false, fieldName: 'last_seen_at' },
      },
      expiresIn: sessionSeconds,
      updateAge: 86_400,
    },
    account: {
      modelName: 'credentials',
      fields: {
        userId: 'user_id',
        accountId: 'account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        ...times,
      },
    },
    verification: {
      modelName: 'verifications',
      fields: { expiresAt: 'expires_at', ...times },
      storeIdentifier: 'hashed',
    },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      password: {
        hash: (password) => hashPassword(password, knownTurn('reset')),
        verify: (given) => verifyPassword(given, knownTurn('reset')),
      },
      minPasswordLength: passwordLength.min,
      maxPasswordLength: passwordLength.max,
      resetPasswordTokenExpiresIn: resetSeconds,
      revokeSessionsOnPasswordReset: true,
      sendResetPassword: async ({ token }) => takeResetToken(token),
      onPasswordReset: ({ user }) =>
        sendMailLater({ sql: db.kysely, secrets }, securityMail(services, user.email, 'password', null)),
    },
    // Ours stand before it: see sign-in-limits.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: {
      level: 'error',
      log: (level, message) => log[level === 'error' ? 'error' : 'warn']({ source: 'accounts' }, message),
    },
    advanced: {
      cookiePrefix: secure ? '__Host-queueup' : 'queueup',
      useSecureCookies: false,
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', secure, path: '/' },
      database: { generateId: ({ model }) => newId(model === 'user' ? 'user' : 'session') },
      ipAddress: { disableIpTracking: true },
    },
  })
}

export type Accounts = ReturnType<typeof makeAccounts>
