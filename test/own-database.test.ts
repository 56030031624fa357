import { rmSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { randomBase62 } from '../src/platform/secrets.ts'
import { asApiKey } from './as.ts'
import { cliJson, makeDataDir, makeKeyByCli, startServer } from './processes.ts'

let administrator: pg.Client
const made: string[] = []
beforeAll(async () => {
  administrator = new pg.Client({ connectionString: inject('postgresUrl').replace(/queueup$/, 'postgres') })
  await administrator.connect()
})
afterAll(async () => {
  for (const name of made) await administrator.query(`drop database if exists ${name} with (force)`)
  await administrator.end()
})

/** An empty database of somebody's own, and the environment to run on it. */
async function makeEmptyDatabase(owner?: string) {
  const name = `own_${randomBase62(8).toLowerCase()}`
  made.push(name)
  await administrator.query(`create database ${name} template template0${owner ? ` owner ${owner}` : ''}`)
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${name}`
  if (owner) [url.username, url.password] = [owner, 'secret']
  return { name, env: { DATABASE_URL: url.toString(), SECRET_KEY: randomBase62(43), DATA_DIR: makeDataDir() } }
}

async function tryIt(env: Record<string, string>) {
  const { slug, path, key, keyId } = await makeKeyByCli(env)
  const servers = await Promise.all([startServer(env), startServer(env)])
  for (const [i, server] of servers.entries())
    expect((await asApiKey(server, key).post(path, { email: `p${i}@example.com` })).status).toBe(201)
  for (const server of servers) expect((await asApiKey(server, key).get(path)).json.total).toBe(2)
  await cliJson(env, 'key', 'revoke', '--org', slug, keyId)
  for (const server of servers) expect((await asApiKey(server, key).get(path)).status).toBe(401)
  for (const server of servers) expect(await server.stop()).toEqual({ code: 0, signal: null })
  rmSync(env.DATA_DIR ?? '', { recursive: true })
  return servers.map((server) => server.output()).join('')
}

async function inDatabase<T>(env: Record<string, string>, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: env.DATABASE_URL })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

test('several servers run on one PostgreSQL of their own, under lesser roles named after the database', async () => {
  const { name, env } = await makeEmptyDatabase()
  await tryIt(env)
  const roles = await inDatabase<{ rolname: string; rolsuper: boolean; rolbypassrls: boolean; rolcanlogin: boolean }>(
    env,
    `select rolname, rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname like '${name}%' order by 1`,
  )
  expect(roles).toEqual(
    ['app', 'owner'].map((role) => ({
      rolname: `${name}_${role}`,
      rolsuper: false,
      rolbypassrls: false,
      rolcanlogin: false,
    })),
  )
  expect(await inDatabase(env, "select distinct tableowner from pg_tables where schemaname = 'public'")).toEqual([
    { tableowner: `${name}_owner` },
  ])
})

test('where the login may make no roles it runs with triggers alone, and says so', async () => {
  const owner = `plain_${randomBase62(6).toLowerCase()}`
  await administrator.query(`create role ${owner} login password 'secret'`)
  const { env } = await makeEmptyDatabase(owner)
  expect(await tryIt(env)).toMatch(/may not create roles: its tables are protected by triggers alone/)
  await expect(inDatabase(env, "update api_keys set scopes = '{x}'")).rejects.toThrow(/never changes|immutable/)
  await expect(inDatabase(env, 'delete from activities')).rejects.toThrow(/never change/)
})

test('an edited migration and a database newer than the code are refused with a sentence', async () => {
  const { env } = await makeEmptyDatabase()
  await cliJson(env, 'migrate')
  await inDatabase(env, "update schema_migrations set checksum = 'x' where number = 1")
  await expect(startServer(env)).rejects.toThrow(/0001_foundation\.sql was edited after it was applied/)
  await inDatabase(env, "insert into schema_migrations (number, name, checksum) values (9999, '9999_future.sql', 'x')")
  await expect(startServer(env)).rejects.toThrow(/newer than this version of QueueUp/)
})

test('two that migrate at once do it once', async () => {
  const { env } = await makeEmptyDatabase()
  const answers = await Promise.all([1, 2, 3].map(() => cliJson(env, 'migrate')))
  expect(answers).toEqual([{ migrated: true }, { migrated: true }, { migrated: true }])
})
