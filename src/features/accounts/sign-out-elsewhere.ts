import type { Services } from '../../platform/services.ts'
import { credentialsChangedHere } from './credentials-changed-here.ts'
import { lockOwnAccount } from './lock-account.ts'
import type { SignedIn } from './sessions.ts'

/** Ends everything of a person but the browser they ask from; answers the cookies to set. */
export async function signOutElsewhere(
  services: Services,
  person: SignedIn & { email: string },
  cookies: string | undefined,
): Promise<string[]> {
  return services.db.kysely.transaction().execute(async (sql) => {
    await lockOwnAccount(sql, person)
    return credentialsChangedHere(services, sql, 'signed_out_elsewhere', person, cookies)
  })
}
