import { apiKey } from '@better-auth/api-key'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'

/**
 * The check of a key as the plugin's documentation says, `auth.api.verifyApiKey` with the permission that is needed, on
 * tables made by its own migration; its rate limit is on, and high enough to refuse nothing.
 */
export async function makeChecks(pool, keys) {
  const options = {
    database: pool,
    secret: 'bench-secret-of-more-than-32-characters',
    baseURL: 'http://127.0.0.1',
    telemetry: { enabled: false },
    logger: { level: 'error' },
    emailAndPassword: { enabled: true },
    plugins: [apiKey({ rateLimit: { enabled: true, timeWindow: 24 * 60 * 60 * 1000, maxRequests: 1_000_000_000 } })],
  }
  const { runMigrations } = await getMigrations(options)
  await runMigrations()
  const auth = betterAuth(options)
  const body = { email: 'bench@example.com', name: 'Bench', password: 'bench-password-1' }
  const { user } = await auth.api.signUpEmail({ body })
  const permissions = { subscribers: ['read'] }
  const made = []
  for (let i = 0; i < keys; i++) {
    made.push((await auth.api.createApiKey({ body: { userId: user.id, name: `Checked ${i}`, permissions } })).key)
  }
  await pool.query('vacuum analyze')
  return async (turn) => {
    const { valid, error } = await auth.api.verifyApiKey({ body: { key: made[turn % made.length], permissions } })
    if (!valid) throw new Error(`better-auth refused a key: ${JSON.stringify(error)}`)
  }
}
