import { sql } from 'kysely'
import type { Organisation, Role } from '../../platform/context.ts'
import { readSeekPage, type SeekAsked, type SeekPage } from '../../platform/db/seek.ts'
import type { Services } from '../../platform/services.ts'

/** A person's place in an organisation, read afresh for every request; undefined for strangers, as for no organisation. */
export async function findMembership(
  services: Services,
  slug: string,
  userId: string,
): Promise<{ organisation: Organisation; role: Role; deleted_at: Date | null } | undefined> {
  const row = await services.db.kysely
    .selectFrom('organisations as o')
    .innerJoin('members as m', 'm.organisation_id', 'o.id')
    .select(['o.id', 'o.slug', 'o.name', 'o.plan', 'o.deleted_at', 'm.role'])
    .where('o.slug', '=', slug)
    .where('m.user_id', '=', userId)
    .executeTakeFirst()
  if (!row) return undefined
  const { role, deleted_at, ...organisation } = row
  return { organisation, role: role as Role, deleted_at }
}

/** What the address of a person's organisation is now that once had another one; undefined for strangers. */
export async function findNewSlug(services: Services, oldSlug: string, userId: string): Promise<string | undefined> {
  const row = await services.db.kysely
    .selectFrom('organisation_slugs as s')
    .innerJoin('organisations as o', 'o.id', 's.organisation_id')
    .innerJoin('members as m', 'm.organisation_id', 'o.id')
    .select('o.slug')
    .where('s.slug', '=', oldSlug)
    .where('m.user_id', '=', userId)
    .executeTakeFirst()
  return row?.slug
}

/** Remembers where a person is, for the next time they come. */
export async function rememberOrganisation(services: Services, userId: string, organisationId: string): Promise<void> {
  await services.db.kysely
    .updateTable('users')
    .set({ last_organisation_id: organisationId })
    .where('id', '=', userId)
    .where((eb) => eb('last_organisation_id', 'is distinct from', organisationId))
    .execute()
}

/** A page of every organisation here, the oldest first, for whoever runs the server. */
export async function listOrganisations(services: Services, asked: SeekAsked): Promise<SeekPage<Organisation>> {
  return readSeekPage(
    {
      by: [sql.ref('created_at'), sql.ref('id')],
      at: (id) => sql`select created_at, id from organisations where id = ${id}`,
    },
    asked,
    ({ condition, order, limit }) =>
      services.db.kysely
        .selectFrom('organisations')
        .select(['id', 'slug', 'name', 'plan'])
        .where(condition)
        .orderBy(order)
        .limit(limit)
        .execute(),
    (organisation) => organisation.id,
  )
}

/** For the command line, which acts as the system; by an earlier slug too. */
export async function findOrganisationBySlug(services: Services, slug: string): Promise<Organisation | undefined> {
  return services.db.kysely
    .selectFrom('organisation_slugs as s')
    .innerJoin('organisations as o', 'o.id', 's.organisation_id')
    .select(['o.id', 'o.slug', 'o.name', 'o.plan'])
    .where('s.slug', '=', slug)
    .executeTakeFirst()
}
