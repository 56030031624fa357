import { kyselyAdapter } from '@better-auth/kysely-adapter'
import { type BetterAuthOptions, betterAuth } from 'better-auth'
import { newId } from '../../platform/ids.ts'
import type { Services } from '../../platform/services.ts'
import { hashSessionTokens } from './hash-session-tokens.ts'

const times = { createdAt: 'created_at', updatedAt: 'updated_at' }

/**
 * Reads and ends sessions with better-auth. Its own HTTP handler is not mounted, our forms call it. Signing in, passwords
 * and links are ours, so that each change of credentials ends all that it must.
 */
export function makeAccounts(services: Services) {
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
      // `prolongSession` does it, and knows when a session must end.
      disableSessionRefresh: true,
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
