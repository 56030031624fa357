import { sql as raw, type Transaction } from 'kysely'
import type { Actor, Context } from '../../platform/context.ts'
import type { Tables } from '../../platform/db/tables.ts'
import { newId } from '../../platform/ids.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { recordActivity } from '../activity/record-activity.ts'
import type { Plan } from '../plans/plan-rules.ts'
import { slugFrom, withTail } from './organisation-slug.ts'

interface NewOrganisation {
  /** A new one where none is given. */
  id?: string | undefined
  name: string
  plan: Plan
  owner: { id: string; name: string }
}

/** The plan that a new organisation starts on: `free` only where there is somebody to pay. */
export function firstPlan(services: Services): Plan {
  return services.config.stripe ? 'free' : 'pro'
}

/** Makes an organisation with its owner, in the caller's transaction; `actor` is who the log says did it. */
export async function createOrganisation(
  services: Services,
  transaction: Transaction<Tables>,
  { id = newId('organisation'), name, plan, owner }: NewOrganisation,
  actor: Actor,
  meta: RequestMeta | undefined,
): Promise<{ id: string; slug: string; name: string }> {
  await raw`select set_config('app.organisation_id', ${id}, true)`.execute(transaction)
  const slug = await insertWithFreeSlug(transaction, { id, name, plan })
  await transaction.insertInto('organisation_counters').values({ organisation_id: id }).execute()
  await transaction.insertInto('members').values({ organisation_id: id, user_id: owner.id, role: 'owner' }).execute()
  await transaction.updateTable('users').set({ last_organisation_id: id }).where('id', '=', owner.id).execute()
  const ctx: Context = {
    ...services,
    organisation: { id, slug, name, plan },
    actor,
    requestId: meta?.requestId ?? null,
    ip: meta?.ip ?? null,
    userAgent: meta?.userAgent ?? null,
  }
  await recordActivity(
    { ...ctx, sql: transaction },
    {
      action: 'organisation.created',
      targets: [{ type: 'organisation', id, name }],
      changes: { after: { name, plan } },
    },
  )
  return { id, slug, name }
}

async function insertWithFreeSlug(
  transaction: Transaction<Tables>,
  organisation: { id: string; name: string; plan: Plan },
): Promise<string> {
  const wanted = slugFrom(organisation.name)
  for (const slug of [wanted, withTail(wanted), withTail(wanted), withTail(wanted)]) {
    // Also one that another organisation had before.
    const taken = await transaction
      .selectFrom('organisation_slugs')
      .select('slug')
      .where('slug', '=', slug)
      .executeTakeFirst()
    if (taken) continue
    const inserted = await transaction
      .insertInto('organisations')
      .values({ ...organisation, slug })
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (inserted) return slug
  }
  throw new Error('four slugs in a row were taken')
}
