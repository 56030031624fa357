import { z } from 'zod'
import { isUniqueViolation } from '../../platform/db/unique-violation.ts'
import { AppError } from '../../platform/errors.ts'
import { formNonceSchema } from '../../platform/form-nonce.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { requireTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { createOrganisation, firstPlan } from './create-organisation.ts'
import { organisationNameSchema } from './organisation-name.ts'

const foundInput = z.strictObject({ name: organisationNameSchema, form_nonce: formNonceSchema.optional() })

/** Ten at once, then ten a day. The operator's command has no limit. */
export const foundingRule = { perSecond: 10 / 86_400, burst: 10 }

/** Whether people may make organisations by themselves here. */
export function mayFoundOrganisations(services: Services): boolean {
  return services.config.signup === 'open'
}

/**
 * A person makes a further organisation, and is its owner. The same form sent twice makes one.
 * @throws AppError `validation_failed`, `rate_limited`, `forbidden` where organisations are made by whoever runs the server.
 */
export async function foundOrganisation(
  services: Services,
  person: { id: string; name: string },
  input: unknown,
  meta: RequestMeta,
): Promise<{ slug: string }> {
  if (!mayFoundOrganisations(services)) throw new AppError('forbidden', byOperatorOnly)
  const { name, form_nonce } = parseInput(foundInput, input)
  await requireTokens(
    services,
    [{ subject: `found:${person.id}`, rule: foundingRule }],
    (wait) => `You have made many organisations. Wait ${wait}, then make this one.`,
  )
  const actor = { type: 'user', id: person.id, name: person.name, role: 'owner' } as const
  const made = { name, plan: firstPlan(services), owner: person }
  const id = form_nonce === undefined ? undefined : idOf(services, `${person.id} ${form_nonce} ${name}`)
  try {
    return await services.db.kysely
      .transaction()
      .execute((transaction) => createOrganisation(services, transaction, { ...made, id }, actor, meta))
  } catch (error) {
    if (id === undefined || !isUniqueViolation(error, 'organisations_pkey')) throw error
    return services.db.kysely.selectFrom('organisations').select('slug').where('id', '=', id).executeTakeFirstOrThrow()
  }
}

export const byOperatorOnly =
  'New organisations are made by whoever runs this server. Ask them, or ask somebody to invite you to theirs.'

/** The form decides the id, so that sending it again meets what it made. */
function idOf({ secrets }: Services, form: string): string {
  const text = secrets
    .hash('form-nonce', form)
    .toString('base64')
    .replace(/[^0-9A-Za-z]/g, '')
  return `org_${text.slice(0, 12)}`
}
