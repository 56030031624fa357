import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { createApp } from '../src/app.tsx'
import { createPerson, type NewPerson, preparePerson } from '../src/features/accounts/create-person.ts'
import { createApiKey } from '../src/features/api-keys/create-api-key.ts'
import type { Scope } from '../src/features/api-keys/scopes.ts'
import { createOrganisation } from '../src/features/organisations/create-organisation.ts'
import type { Plan } from '../src/features/plans/plan-rules.ts'
import { createWaitlist } from '../src/features/waitlists/create-waitlist.ts'
import { readConfig } from '../src/platform/config.ts'
import type { Context, Role } from '../src/platform/context.ts'
import { healthRoutes } from '../src/platform/http/health.ts'
import { startHttpServer } from '../src/platform/http/start-http-server.ts'
import type { Mail } from '../src/platform/mail/mailer.ts'
import { makeServices } from '../src/platform/process/make-services.ts'
import { makeSecrets, randomBase62 } from '../src/platform/secrets.ts'
import type { Services } from '../src/platform/services.ts'
import { asApiKey } from './as.ts'
import { makeDatabase, readPostgresLog, type TestDatabase } from './database.ts'
import { dumpDatabase } from './dump-database.ts'
import { IssuedSecrets, mustNameNobody } from './issued-secrets.ts'

export interface TestProduct {
  url: string
  services: Services
  database: TestDatabase
  mails: Mail[]
  /** Everything that was logged. */
  logged(): string
  /** They must stand in no later answer, and when the product closes in no table and no log line. */
  issued: IssuedSecrets
  close(): Promise<void>
}

/** Unless SECRET_KEY is given. */
export const secretKey = 'a secret key for tests, of more than 32 bytes'

/** The whole product over real HTTP, on a database of its own, or on that of another one as a second process would be. */
export async function makeProduct(env: Record<string, string> = {}, beside?: TestProduct): Promise<TestProduct> {
  const database = beside?.database ?? (await makeDatabase())
  const port = await freePort()
  const { config, secrets } = readConfig({
    PORT: String(port),
    DATA_DIR: mkdtempSync(join(tmpdir(), 'queueup-data-')),
    API_RATE_LIMIT_PER_MINUTE: '60000000',
    API_RATE_LIMIT_BURST: '1000000',
    // A proxy is named only where the public address is.
    ...(env.TRUSTED_PROXIES ? { PUBLIC_URL: `http://localhost:${port}` } : {}),
    ...env,
  })
  const loggedByPostgres = readPostgresLog()
  const lines: string[] = []
  const mails: Mail[] = []
  const issued = beside?.issued ?? new IssuedSecrets()
  const set = [secrets.secretKey ?? secretKey, secrets.secretKeyPrevious, config.stripe?.secretKey]
  for (const secret of [...set, config.stripe?.webhookSecret]) if (secret) issued.add(secret)
  const { services, close } = makeServices({
    config,
    secrets: makeSecrets(secrets.secretKey ?? secretKey, secrets.secretKeyPrevious),
    db: beside ? database.another() : database.database,
    mailer: { send: async (mail) => void mails.push(mail) },
    log: pino({ level: 'debug' }, { write: (line) => void lines.push(line) }),
  })
  const { publicUrl, trustedProxies } = config
  const at = { host: '127.0.0.1', port, publicUrl, trustedProxies, log: services.log }
  const app = createApp(services)
  healthRoutes(app, services, { draining: false })
  const server = await startHttpServer(app, at)
  return {
    url: `http://localhost:${server.port}`,
    services,
    database,
    mails,
    logged: () => lines.join(''),
    issued,
    async close() {
      await server.drain()
      await close()
      issued.addMailed(mails)
      const kept = beside ? '' : await dumpDatabase(database.owner.kysely)
      if (!beside) await database.drop()
      issued.mustNotBeKept(lines.join(''), 'a log line')
      issued.mustNotBeKept(kept, 'a table')
      mustNameNobody(lines.join(''), 'a log line')
      issued.mustNotBeKept(loggedByPostgres(), 'the log of PostgreSQL')
      mustNameNobody(loggedByPostgres(), 'the log of PostgreSQL')
      rmSync(config.dataDir, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (!address || typeof address === 'string') throw new Error('no free port')
  return address.port
}

export interface TestOrganisation {
  id: string
  slug: string
  owner: { id: string; email: string; password: string }
  /** Acts as the owner. */
  ctx: Context
}

/** An organisation of its own, with an owner who can sign in. */
export async function makeOrganisation(product: TestProduct, plan: Plan = 'pro'): Promise<TestOrganisation> {
  const { services } = product
  const email = `owner-${randomBase62(8).toLowerCase()}@example.com`
  const password = 'a long enough password'
  const prepared = await prepare(email, password)
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

const hashes = new Map<string, Promise<string>>()

/** Hashing takes longer than all the rest of a person, and there are two passwords here: each is hashed once a file. */
async function prepare(email: string, password: string): Promise<NewPerson> {
  const hash = hashes.get(password) ?? preparePerson(email, password).then(({ passwordHash }) => passwordHash)
  hashes.set(password, hash)
  return { email, passwordHash: await hash }
}

/** A further person of an organisation. */
export async function makeMember(product: TestProduct, organisation: TestOrganisation, role: Role) {
  const email = `${role}-${randomBase62(8).toLowerCase()}@example.com`
  const password = 'another long password'
  const { kysely } = product.services.db
  const person = await createPerson(kysely, await prepare(email, password), true)
  await product.database.owner.kysely
    .insertInto('members')
    .values({ organisation_id: organisation.id, user_id: person.id, role })
    .execute()
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

/** An organisation with a waitlist, and a caller of the API with a key that may do both. */
export async function makeApiCaller(product: TestProduct) {
  const organisation = await makeOrganisation(product)
  const { secret } = await makeApiKey(organisation)
  const path = `/waitlists/${await makeWaitlist(organisation)}/subscribers`
  return { organisation, secret, path, api: asApiKey(product, secret) }
}
