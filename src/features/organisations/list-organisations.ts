import type { Organisation, Role } from '../../platform/context.ts'
import type { Services } from '../../platform/services.ts'

/** The organisations a person belongs to, by name. */
export async function listOrganisationsOf(services: Services, userId: string): Promise<Organisation[]> {
  return services.db.kysely
    .selectFrom('members as m')
    .innerJoin('organisations as o', 'o.id', 'm.organisation_id')
    .select(['o.id', 'o.slug', 'o.name', 'o.plan'])
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
): Promise<{ organisation: Organisation; role: Role } | undefined> {
  const row = await services.db.kysely
    .selectFrom('organisations as o')
    .innerJoin('members as m', 'm.organisation_id', 'o.id')
    .select(['o.id', 'o.slug', 'o.name', 'o.plan', 'm.role'])
    .where('o.slug', '=', slug)
    .where('m.user_id', '=', userId)
    .executeTakeFirst()
  if (!row) return undefined
  const { role, ...organisation } = row
  return { organisation, role: role as Role }
}

/** Where a person was last, or else the first organisation they have. */
export async function findLastOrganisation(services: Services, userId: string): Promise<Organisation | undefined> {
  const organisations = await listOrganisationsOf(services, userId)
  const person = await services.db.kysely
    .selectFrom('users')
    .select('last_organisation_id')
    .where('id', '=', userId)
    .executeTakeFirst()
  return organisations.find((organisation) => organisation.id === person?.last_organisation_id) ?? organisations[0]
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

/** For the command line, which acts as the system. */
export async function findOrganisationBySlug(services: Services, slug: string): Promise<Organisation | undefined> {
  return services.db.kysely
    .selectFrom('organisations')
    .select(['id', 'slug', 'name', 'plan'])
    .where('slug', '=', slug)
    .executeTakeFirst()
}
