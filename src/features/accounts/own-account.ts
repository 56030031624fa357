import type { Services } from '../../platform/services.ts'

/** What a person is called from now on; log rows keep the name they were written under. */
export async function changeName(services: Services, person: { id: string }, name: string): Promise<void> {
  await services.db.kysely.updateTable('users').set({ name }).where('id', '=', person.id).execute()
}
