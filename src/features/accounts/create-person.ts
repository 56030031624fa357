import { z } from 'zod'
import { isUniqueViolation } from '../../platform/db/unique-violation.ts'
import { AppError, type FieldProblem, fieldError } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Services } from '../../platform/services.ts'
import { hashPassword, knownTurn } from './password-hash.ts'
import { passwordLength } from './password-length.ts'
import { requireUncommonPassword } from './password-policy.ts'

export const passwordSchema = z
  .string()
  .min(passwordLength.min, `Choose a password of at least ${passwordLength.min} characters.`)
  .max(passwordLength.max, `A password may have ${passwordLength.max} characters at most.`)

/** As people's own addresses are kept: lower case, and of a form that every mail server takes. */
export const personEmailSchema = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.email('Enter an e-mail address such as ada@example.com.').max(254, 'The e-mail address is too long.'))

export interface NewPerson {
  email: string
  passwordHash: string
}

/**
 * The slow part, outside any transaction. `turn`: see `hashPassword`; of users whom the operator creates unless given.
 * @throws AppError `validation_failed` for a password that is easily guessed.
 */
export async function preparePerson(email: string, password: string, turn = knownTurn('operator')): Promise<NewPerson> {
  await requireUncommonPassword(password, { email })
  return { email, passwordHash: await hashPassword(password, turn) }
}

/**
 * Writes a person whose name is their e-mail address until they choose another.
 * @throws AppError `validation_failed` where there is an account with that address.
 */
export async function createPerson(
  sql: Services['db']['kysely'],
  person: NewPerson,
  emailVerified: boolean,
): Promise<{ id: string; name: string }> {
  const id = newId('user')
  try {
    await sql
      .insertInto('users')
      .values({
        id,
        name: person.email,
        email: person.email,
        email_verified: emailVerified,
        image: null,
        last_organisation_id: null,
      })
      .execute()
  } catch (error) {
    if (isUniqueViolation(error, 'users_email_key')) {
      throw fieldError('email', 'refused', 'There is an account with this e-mail address already. Sign in instead.')
    }
    throw error
  }
  await sql
    .insertInto('credentials')
    .values({
      id: newId('session'),
      user_id: id,
      account_id: id,
      provider_id: 'credential',
      password: person.passwordHash,
    })
    .execute()
  return { id, name: person.email }
}

/** Whether it says that there is an account with an address already. */
export function isTaken(error: unknown): error is AppError {
  const isAbout = (problem: FieldProblem) =>
    problem.code === 'refused' && 'pointer' in problem && problem.pointer === '#/email'
  return error instanceof AppError && error.errors.some(isAbout)
}

/** The person with an e-mail address, if there is one. */
export async function findPerson(sql: Services['db']['kysely'], email: string) {
  return sql
    .selectFrom('users')
    .select(['id', 'name', 'email'])
    .where('email', '=', email.trim().toLowerCase())
    .executeTakeFirst()
}
