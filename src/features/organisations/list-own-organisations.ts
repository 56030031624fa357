import { type SqlBool, sql } from 'kysely'
import type { Organisation } from '../../platform/context.ts'
import { readSeekPage, type SeekAsked, type SeekPage } from '../../platform/db/seek.ts'
import type { Services } from '../../platform/services.ts'

/** An organisation that is, or that was deleted and can be brought back for a while. */
export interface KeptOrganisation extends Organisation {
  deleted_at: Date | null
}

/** How many organisations a menu or a card shows. */
const fewOrganisations = 20

function organisationsOf(services: Services, userId: string) {
  return services.db.kysely
    .selectFrom('members as m')
    .innerJoin('organisations as o', 'o.id', 'm.organisation_id')
    .select(['o.id', 'o.slug', 'o.name', 'o.plan', 'o.deleted_at'])
    .where('m.user_id', '=', userId)
}

/** A page of the organisations that a person belongs to and whose names contain `needle`, in any case; joined last first. */
export async function listOwnOrganisations(
  services: Services,
  userId: string,
  { needle = '', ...asked }: SeekAsked & { needle?: string },
): Promise<SeekPage<KeptOrganisation>> {
  return readSeekPage(
    {
      by: [sql.ref('m.created_at'), sql.ref('m.organisation_id')],
      descending: true,
      at: (id) =>
        sql`select created_at, organisation_id from members where user_id = ${userId} and organisation_id = ${id}`,
    },
    asked,
    ({ condition, order, limit }) => {
      const query = organisationsOf(services, userId).where(condition).orderBy(order).limit(limit)
      const contains = sql<SqlBool>`lower(o.name) like like_pattern(${needle.toLowerCase()})`
      return (needle ? query.where(contains) : query).execute()
    },
    (organisation) => organisation.id,
  )
}

/** The organisations of a person who has few, by name; of one who has many those joined last. */
export async function findFewOrganisations(
  services: Services,
  userId: string,
): Promise<{ organisations: KeptOrganisation[]; areMore: boolean }> {
  const { items, after } = await listOwnOrganisations(services, userId, { limit: fewOrganisations })
  const areMore = after !== undefined
  return {
    organisations: areMore ? items : items.toSorted((a, b) => a.name.localeCompare(b.name, 'en')),
    areMore,
  }
}

/** Every organisation that a person belongs to. */
export async function listOrganisationsOf(services: Services, userId: string): Promise<KeptOrganisation[]> {
  return organisationsOf(services, userId).orderBy('o.name').orderBy('o.id').execute()
}

/** Where a person was last, or else the organisation they joined last; a deleted one where there is no other. */
export async function findLastOrganisation(services: Services, userId: string): Promise<Organisation | undefined> {
  const organisations = organisationsOf(services, userId)
  const open = organisations.where('o.deleted_at', 'is', null)
  return (
    (await open
      .innerJoin('users as u', (join) =>
        join.onRef('u.id', '=', 'm.user_id').onRef('u.last_organisation_id', '=', 'o.id'),
      )
      .executeTakeFirst()) ??
    (await open.orderBy('m.created_at', 'desc').orderBy('m.organisation_id', 'desc').limit(1).executeTakeFirst()) ??
    organisations.limit(1).executeTakeFirst()
  )
}
