import pg from 'pg'
import { createApiKey } from '../src/features/api-keys/create-api-key.ts'
import { KeyGate } from '../src/features/api-keys/key-gate.ts'
import { findOrganisationBySlug } from '../src/features/organisations/list-organisations.ts'
import { systemContext } from '../src/platform/cli/run-command.ts'
import type { Services } from '../src/platform/services.ts'
import { openServices } from './open-services.ts'

/** What a check of keys is asked to do; `betterAuth` is the module that makes a rival's check, or undefined. */
export interface KeyWorkerInput {
  env: NodeJS.ProcessEnv
  databaseUrl: string
  organisationSlug: string
  keys: number
  betterAuth: { module: string; databaseUrl: string } | undefined
}

export interface KeyWorkerResult {
  checks: number
  perSecond: number
}

type Check = (turn: number) => Promise<unknown>

const checksAtOnce = 32
const scope = 'subscribers:read'

/** Checks keys without HTTP, in a process of its own, which nothing else keeps busy. */
process.once('message', async (input: KeyWorkerInput) => {
  const { services } = await openServices(input.databaseUrl, input.env)
  const secrets = await makeKeys(services, input)
  const gate = new KeyGate(services)
  const meta = { requestId: 'bench', ip: '127.0.0.1', userAgent: null }
  const check = async (secret: string) => {
    const key = gate.present(secret)
    gate.settle(key, await gate.authorize(key, scope), scope, meta, {})
  }
  const hashes = secrets.map((secret) => services.secrets.hash('api-key', secret))
  const bare = { name: 'bare_lookup', text: 'select * from bench_beside.api_keys where secret_hash = $1' }
  const lookUp = async (hash: Buffer | undefined) => {
    const [row] = await services.db.run(bare, [hash])
    if (!row) throw new Error('a key was not found')
  }
  const checks: Record<string, Check> = {
    bare: (turn) => lookUp(hashes[turn % hashes.length]),
    many: (turn) => check(secrets[turn % secrets.length] ?? ''),
    bareOne: () => lookUp(hashes[0]),
    one: () => check(secrets[0] ?? ''),
    ...(input.betterAuth ? await betterAuthChecks(input.betterAuth, input.keys) : {}),
  }
  process.on('message', async ({ id, seconds }: { id: string; seconds: number }) => {
    process.send?.(await run(checks[id] ?? (() => Promise.reject(new Error(`no check ${id}`))), seconds))
  })
  process.send?.('ready')
})
process.on('disconnect', () => process.exit())

async function makeKeys(services: Services, { organisationSlug, keys }: KeyWorkerInput): Promise<string[]> {
  const organisation = await findOrganisationBySlug(services, organisationSlug)
  if (!organisation) throw new Error('the organisation is gone')
  const ctx = systemContext(services, organisation)
  const secrets: string[] = []
  for (let i = 0; i < keys; i++) {
    const key = await createApiKey(ctx, { name: `Checked ${i}`, scopes: [scope] })
    if (key.created) secrets.push(key.secret)
  }
  return secrets
}

async function betterAuthChecks(
  { module, databaseUrl }: { module: string; databaseUrl: string },
  keys: number,
): Promise<Record<string, Check>> {
  const { makeChecks } = (await import(module)) as {
    makeChecks(pool: pg.Pool, keys: number): Promise<(turn: number) => Promise<void>>
  }
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10, options: '-c jit=off' })
  pool.on('error', () => undefined)
  return { betterAuth: await makeChecks(pool, keys) }
}

/** Always as many under way. */
async function run(check: Check, seconds: number): Promise<KeyWorkerResult> {
  const startedMs = performance.now()
  let turn = 0
  await Promise.all(
    Array.from({ length: checksAtOnce }, async () => {
      while (performance.now() - startedMs < seconds * 1_000) {
        turn += 1
        await check(turn)
      }
    }),
  )
  return { checks: turn, perSecond: turn / ((performance.now() - startedMs) / 1_000) }
}
