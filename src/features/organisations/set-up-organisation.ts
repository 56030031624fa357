import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import type { Services } from '../../platform/services.ts'
import { isPlan } from '../plans/plan-rules.ts'
import { bringPerson } from './bring-person.ts'
import { createOrganisation, firstPlan } from './create-organisation.ts'
import { organisationNameSchema } from './organisation-name.ts'

/**
 * Whoever runs the server makes an organisation and its owner: both or neither. The password is null for somebody who had an
 * account already. @throws AppError `validation_failed`.
 */
export async function setUpOrganisation(
  services: Services,
  input: { name: string; ownerEmail: string; ownerPassword?: string; plan?: string },
) {
  const name = parseInput(organisationNameSchema, input.name)
  const plan = input.plan ?? firstPlan(services)
  if (!isPlan(plan)) throw new AppError('validation_failed', `There is no plan ${plan}: choose free, pro or team.`)
  const brought = await bringPerson(services, { email: input.ownerEmail, password: input.ownerPassword })
  const actor = { type: 'system', id: null, name: 'System' } as const
  const { id, slug } = await services.db.kysely.transaction().execute(async (transaction) => {
    const owner = await brought.write(transaction)
    return createOrganisation(services, transaction, { name, plan, owner }, actor, undefined)
  })
  return { id, slug, ownerEmail: brought.email, ownerPassword: brought.password }
}
