import type { Services } from '../../platform/services.ts'

interface SignedIn {
  id: string
  sessionId: string
}

/** How many sessions a person has besides the one they ask from. */
export async function countOtherSessions(services: Services, person: SignedIn): Promise<number> {
  const { count } = await services.db.kysely
    .selectFrom('sessions')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('user_id', '=', person.id)
    .where('id', '<>', person.sessionId)
    .where('expires_at', '>', services.now())
    .executeTakeFirstOrThrow()
  return count
}

/** Ends every session of a person but the one they ask from. */
export async function signOutElsewhere(services: Services, person: SignedIn): Promise<void> {
  await services.db.kysely
    .deleteFrom('sessions')
    .where('user_id', '=', person.id)
    .where('id', '<>', person.sessionId)
    .execute()
}

/** What a person is called from now on; log rows keep the name they were written under. */
export async function changeName(services: Services, person: SignedIn, name: string): Promise<void> {
  await services.db.kysely.updateTable('users').set({ name }).where('id', '=', person.id).execute()
}
