import pg from 'pg'
import { keyCreate } from '../src/features/api-keys/api-keys.cli.ts'
import { contextOf, orgCreate } from '../src/features/organisations/organisations.cli.ts'
import { createWaitlist } from '../src/features/waitlists/create-waitlist.ts'
import { joinAll } from './fill-database.ts'
import type { LoadRequest } from './load-worker.ts'
import { openServices } from './open-services.ts'

const organisations = 16
const peopleEach = 500

/** One request to each of many organisations. */
export interface ManyOrganisations {
  lists: LoadRequest[]
  creates: LoadRequest[]
}

/** Makes organisations, each with a key and a short waitlist, in a database that a server has prepared. */
export async function makeManyOrganisations(databaseUrl: string, env: NodeJS.ProcessEnv): Promise<ManyOrganisations> {
  const { services, close } = await openServices(databaseUrl, env)
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c jit=off -c timezone=UTC' })
  await client.connect()
  const made: ManyOrganisations = { lists: [], creates: [] }
  try {
    for (let i = 1; i <= organisations; i++) {
      const org = await orgCreate(services, { name: `Load ${i}`, ownerEmail: 'load@example.com', plan: 'team' })
      const ctx = await contextOf(services, (org.json as { slug: string }).slug)
      const { id } = await createWaitlist(ctx, { name: 'Load' })
      const key = await keyCreate(ctx, { name: 'Load', scope: ['subscribers:read', 'subscribers:write'] })
      const authorization = `Bearer ${(key.json as { key: string }).key}`
      const path = `/v1/api/waitlists/${id}/subscribers`
      await joinAll(client, id, peopleEach)
      made.lists.push({ method: 'GET', path: `${path}?limit=50`, authorization })
      made.creates.push({ method: 'POST', path, authorization, body: '{"email":"load.{n}@example.com"}' })
    }
    await client.query('vacuum (analyze)')
  } finally {
    await client.end()
    await close()
  }
  return made
}
