import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { createOrganisation, firstPlan } from '../organisations/create-organisation.ts'
import { firstOrganisationName } from '../organisations/organisation-name.ts'
import { createPerson, passwordSchema, personEmailSchema, preparePerson } from './create-person.ts'

export function byInvitationOnly(): AppError {
  return new AppError('forbidden', 'New accounts are by invitation here. Ask whoever runs this server to invite you.')
}

const signUpInput = z.strictObject({ email: personEmailSchema, password: passwordSchema })

/**
 * Makes a person, and their first organisation unless they were invited to one: both or neither.
 * @throws AppError `validation_failed`, `forbidden` where strangers may not sign up.
 */
export async function signUp(
  services: Services,
  input: unknown,
  meta: RequestMeta,
  invitedAs: string | undefined,
): Promise<{ email: string }> {
  const { email, password } = parseInput(signUpInput, input)
  const invited = invitedAs !== undefined && invitedAs === email
  if (services.config.signup === 'invite' && !invited) throw byInvitationOnly()
  const prepared = await preparePerson(email, password)
  await services.db.kysely.transaction().execute(async (transaction) => {
    const person = await createPerson(transaction, prepared, invited)
    if (invited) return
    const actor = { type: 'user', id: person.id, name: person.name, role: 'owner' } as const
    await createOrganisation(
      services,
      transaction,
      { name: firstOrganisationName(email), plan: firstPlan(services), owner: person },
      actor,
      meta,
    )
  })
  return { email }
}
