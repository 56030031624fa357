import { z } from 'zod'
import { parseInput } from '../../platform/parse-input.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { createOrganisation, firstPlan } from './create-organisation.ts'
import { organisationNameSchema } from './organisation-name.ts'

const foundInput = z.strictObject({ name: organisationNameSchema })

/** A person makes a further organisation, and is its owner. @throws AppError `validation_failed`. */
export async function foundOrganisation(
  services: Services,
  person: { id: string; name: string },
  input: unknown,
  meta: RequestMeta,
): Promise<{ slug: string }> {
  const { name } = parseInput(foundInput, input)
  const actor = { type: 'user', id: person.id, name: person.name, role: 'owner' } as const
  return services.db.kysely
    .transaction()
    .execute((transaction) =>
      createOrganisation(services, transaction, { name, plan: firstPlan(services), owner: person }, actor, meta),
    )
}
