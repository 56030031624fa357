import { createPerson, preparePerson } from '../src/features/accounts/create-person.ts'
import { createApiKey } from '../src/features/api-keys/create-api-key.ts'
import type { Scope } from '../src/features/api-keys/scopes.ts'
import { createOrganisation } from '../src/features/organisations/create-organisation.ts'
import type { Plan } from '../src/features/plans/plan-rules.ts'
import { createWaitlist } from '../src/features/waitlists/create-waitlist.ts'
import type { Context, Role } from '../src/platform/context.ts'
import { randomBase62 } from '../src/platform/secrets.ts'
import type { TestApp } from './start-app.ts'

export interface TestOrganisation {
  id: string
  slug: string
  owner: { id: string; email: string; password: string }
  /** Acts as the owner. */
  ctx: Context
}

/** An organisation of its own, with an owner who can sign in. */
export async function makeOrganisation(app: TestApp, plan: Plan = 'pro'): Promise<TestOrganisation> {
  const { services } = app
  const email = `owner-${randomBase62(8).toLowerCase()}@example.com`
  const password = 'a long enough password'
  const prepared = await preparePerson(email, password)
  const { person, organisation } = await services.db.kysely.transaction().execute(async (transaction) => {
    const person = await createPerson(transaction, prepared, true)
    const actor = { type: 'user', ...person, role: 'owner' } as const
    return {
      person,
      organisation: await createOrganisation(
        services,
        transaction,
        { name: `Org ${email}`, plan, owner: person },
        actor,
        undefined,
      ),
    }
  })
  const ctx: Context = {
    ...services,
    organisation: { ...organisation, plan },
    actor: { type: 'user', id: person.id, name: email, role: 'owner' },
    requestId: null,
    ip: null,
    userAgent: null,
  }
  return { id: organisation.id, slug: organisation.slug, owner: { id: person.id, email, password }, ctx }
}

/** A further person of an organisation. */
export async function makeMember(app: TestApp, organisation: TestOrganisation, role: Role) {
  const email = `${role}-${randomBase62(8).toLowerCase()}@example.com`
  const password = 'another long password'
  const { kysely } = app.services.db
  const person = await createPerson(kysely, await preparePerson(email, password), true)
  await kysely.insertInto('members').values({ organisation_id: organisation.id, user_id: person.id, role }).execute()
  return { id: person.id, email, password }
}

export async function makeWaitlist(organisation: TestOrganisation, name = `List ${randomBase62(6)}`): Promise<string> {
  return (await createWaitlist(organisation.ctx, { name })).id
}

/** A key of an organisation that is on a plan with API access. */
export async function makeApiKey(
  organisation: TestOrganisation,
  scopes: Scope[] = ['subscribers:read', 'subscribers:write'],
) {
  const key = await createApiKey(organisation.ctx, { name: `key ${randomBase62(8)}`, scopes })
  if (!key.created) throw new Error('the key was made before')
  return key
}
