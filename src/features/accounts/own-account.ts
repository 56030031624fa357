import type { Services } from '../../platform/services.ts'
import { parsePersonName } from './person-name.ts'

/** What a person is called from now on; log rows keep the name they were written under. @throws AppError `validation_failed`. */
export async function changeName(
  services: Services,
  person: { id: string; email: string },
  typed: string,
): Promise<void> {
  const name = parsePersonName(typed, person)
  await services.db.kysely.updateTable('users').set({ name }).where('id', '=', person.id).execute()
}
