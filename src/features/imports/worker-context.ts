import type { Context } from '../../platform/context.ts'
import type { Services } from '../../platform/services.ts'

/** The context of a job of an organisation, in which the product itself acts; undefined when the organisation is gone. */
export async function workerContext(services: Services, organisationId: string): Promise<Context | undefined> {
  const organisation = await services.db.kysely
    .selectFrom('organisations')
    .select(['id', 'slug', 'name', 'plan'])
    .where('id', '=', organisationId)
    .executeTakeFirst()
  if (!organisation) return undefined
  const actor = { type: 'system', id: null, name: 'System' } as const
  return { ...services, organisation, actor, requestId: null, ip: null, userAgent: null }
}
