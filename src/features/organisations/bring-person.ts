import { parseInput } from '../../platform/parse-input.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import {
  createPerson,
  findPerson,
  passwordSchema,
  personEmailSchema,
  preparePerson,
} from '../accounts/create-person.ts'

/**
 * The person whom whoever runs the server names: the one who has an account, or a new one with a password given or made up.
 * `write` makes them, in the transaction of what they are brought in for. @throws AppError `validation_failed`.
 */
export async function bringPerson(services: Services, named: { email: string; password: string | undefined }) {
  const email = parseInput(personEmailSchema, named.email)
  const known = await findPerson(services.db.kysely, email)
  if (known) return { email, password: null, write: async () => known }
  const password = parseInput(passwordSchema, named.password ?? randomBase62(16))
  const prepared = await preparePerson(email, password)
  return { email, password, write: (sql: Services['db']['kysely']) => createPerson(sql, prepared, true) }
}
