import type { Services } from '../../platform/services.ts'
import { makeAccounts } from './accounts.ts'

/** A link to choose a new password, good once and for an hour; undefined where there is no account with that address. */
export async function makeResetLink(services: Services, email: string): Promise<string | undefined> {
  let token: string | undefined
  const accounts = makeAccounts(services, (made) => {
    token = made
  })
  await accounts.api.requestPasswordReset({ body: { email } })
  return token === undefined ? undefined : `${services.config.publicUrl}/reset-password/${encodeURIComponent(token)}`
}
