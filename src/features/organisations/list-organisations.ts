import type { Organisation, Role } from '../../platform/context.ts'
import type { Services } from '../../platform/services.ts'

/** An organisation that is, or that was deleted and can be brought back for a while. */
export interface KeptOrganisation extends Organisation {
  deleted_at: Date | null
}

/** The organisations a person belongs to, by name. */
export async function listOrganisationsOf(services: Services, userId: string): Promise<KeptOrganisation[]> {
  return services.db.kysely
    .selectFrom('members as m')
    .innerJoin('organisations as o', 'o.id', 'm.organisation_id')
    .select(['o.id', 'o.slug', 'o.name', 'o.plan', 'o.deleted_at'])
    .where('m.user_id', '=', userId)
    .orderBy('o.name')
    .orderBy('o.id')
    .execute()
}

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

/** Where a person was last, or else the first organisation they have. */
export async function findLastOrganisation(services: Services, userId: string): Promise<Organisation | undefined> {
  const organisations = await listOrganisationsOf(services, userId)
  const person = await services.db.kysely
    .selectFrom('users')
    .select('last_organisation_id')
    .where('id', '=', userId)
    .executeTakeFirst()
  const open = organisations.filter((organisation) => !organisation.deleted_at)
  return open.find((organisation) => organisation.id === person?.last_organisation_id) ?? open[0] ?? organisations[0]
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

/** Every organisation here, for whoever runs the server. */
export async function listOrganisations(services: Services): Promise<Organisation[]> {
  return services.db.kysely
    .selectFrom('organisations')
    .select(['id', 'slug', 'name', 'plan'])
    .orderBy('created_at')
    .orderBy('id')
    .execute()
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
