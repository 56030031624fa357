import { fileURLToPath } from 'node:url'
import { readCpuTime } from './cpu-time.ts'
import type { KeyWorkerInput, KeyWorkerResult } from './key-worker.ts'
import { makeDatabase } from './make-database.ts'
import { cpuTimeEach, type Measured, measureRounds } from './measure.ts'
import type { Bench, Findings } from './part.ts'
import { installPeer } from './peers/install-peer.ts'
import { ratioOf } from './ratio.ts'
import { nextMessage } from './scratch.ts'

const keys = 1_000

/** The check of a key without HTTP, beside a bare lookup through the same pool, and beside better-auth's plugin. */
export async function measureKeyCheck({ scratch, options, product, client, postmasterPid }: Bench): Promise<Findings> {
  const { rows } = await client.query<{ slug: string; app_role: string | null }>(
    `select o.slug, r.app_role from waitlists w join organisations o on o.id = w.organisation_id, schema_roles r
     where w.id = $1`,
    [product.waitlists.plain],
  )
  const [row] = rows
  const refusal = options.parts.includes('peers') ? await installPeer('better-auth') : 'asked for by --peers'
  const betterAuth = refusal
    ? undefined
    : {
        module: fileURLToPath(new URL('peers/better-auth/make-checks.mjs', import.meta.url)),
        databaseUrl: await makeDatabase(client, product.databaseUrl, 'bench_better_auth'),
      }
  const input: KeyWorkerInput = {
    env: product.env,
    databaseUrl: product.databaseUrl,
    organisationSlug: row?.slug ?? '',
    keys,
    betterAuth,
  }
  // The bare lookup's own table, without the wall that hides keys from a session which has not said whose it is.
  await client.query('create schema if not exists bench_beside')
  await client.query('create table bench_beside.api_keys (like api_keys including all)')
  if (row?.app_role) {
    await client.query(`grant usage on schema bench_beside to "${row.app_role}"`)
    await client.query(`grant select on bench_beside.api_keys to "${row.app_role}"`)
  }
  const { child } = await scratch.startHelper('key-worker.ts', input)
  await client.query('insert into bench_beside.api_keys select * from api_keys')
  await client.query('vacuum (analyze) api_keys, bench_beside.api_keys, rate_limits')

  const measured: Measured[] = Object.entries({
    bare: 'bare indexed lookup of a key, 1,000 keys in turn, no HTTP',
    many: 'key check, 1,000 keys in turn, no HTTP',
    bareOne: 'bare indexed lookup, always the same key, no HTTP',
    one: 'key check, always the same key, no HTTP',
    ...(betterAuth ? { betterAuth: "better-auth's key check, 1,000 keys in turn, no HTTP" } : {}),
  }).map(([id, name]) => ({
    id: `check.${id}`,
    name,
    async measure(seconds) {
      const before = readCpuTime(child.pid ?? 0, postmasterPid)
      child.send({ id, seconds })
      const { checks, perSecond } = await nextMessage<KeyWorkerResult>(child, 'key-worker.ts')
      return { perSecond, ...cpuTimeEach(before, readCpuTime(child.pid ?? 0, postmasterPid), checks) }
    },
  }))
  await measureRounds(measured, { rounds: 1, seconds: 0.5 })
  const samples = await measureRounds(measured, options)
  return {
    measured,
    samples,
    ratios: [
      ...ratioOf(samples, 'key check / bare lookup, same pool', 'check.many', 'check.bare', { atLeast: 0.8 }),
      ...ratioOf(samples, 'key check / bare lookup, one key', 'check.one', 'check.bareOne', { atLeast: 0.8 }),
      ...ratioOf(samples, "key check / better-auth's", 'check.many', 'check.betterAuth', { atLeast: 15 }),
    ],
    notes: refusal ? [`better-auth's key check: skipped, ${refusal}`] : [],
  }
}
