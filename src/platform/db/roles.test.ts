import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { randomBase62 } from '../secrets.ts'
import { migrate } from './migrate.ts'

const log = pino({ level: 'silent' })
let administrator: pg.Client
const made: string[] = []
beforeAll(async () => {
  administrator = new pg.Client({ connectionString: urlOf('postgres') })
  await administrator.connect()
})
afterAll(async () => {
  for (const name of made) await administrator.query(`drop database if exists ${name} with (force)`)
  await administrator.end()
})

function urlOf(database: string, user?: string): string {
  const url = new URL(inject('postgresUrl'))
  url.pathname = `/${database}`
  if (user) [url.username, url.password] = [user, 'secret']
  return url.toString()
}

async function makeEmptyDatabase(clauses = 'template template0'): Promise<string> {
  const name = `roles_${randomBase62(8).toLowerCase()}`
  made.push(name)
  await administrator.query(`create database ${name} ${clauses}`)
  return name
}

test('a copy under another name keeps the roles that its tables belong to', async () => {
  const name = await makeEmptyDatabase()
  const roles = await migrate(urlOf(name), log)
  expect(roles).toEqual({ owner: `${name}_owner`, app: `${name}_app` })
  const copy = await makeEmptyDatabase(`template ${name}`)
  expect(await migrate(urlOf(copy), log)).toEqual(roles)
})

test('roles that were made ready for a plain login are used, though it may make and grant none', async () => {
  const name = await makeEmptyDatabase()
  const login = `${name}_login`
  for (const text of [
    `create role ${name}_owner nologin`,
    `create role ${name}_app nologin`,
    `create role ${login} login password 'secret'`,
    `grant ${name}_owner, ${name}_app to ${login}`,
    `alter database ${name} owner to ${name}_owner`,
  ])
    await administrator.query(text)
  expect(await migrate(urlOf(name, login), log)).toEqual({ owner: `${name}_owner`, app: `${name}_app` })
  // And again, as every start does.
  expect(await migrate(urlOf(name, login), log)).toEqual({ owner: `${name}_owner`, app: `${name}_app` })
})

test('a login that may make roles but is no superuser is enough', async () => {
  const login = `maker_${randomBase62(6).toLowerCase()}`
  await administrator.query(`create role ${login} login createrole password 'secret'`)
  const name = await makeEmptyDatabase(`template template0 owner ${login}`)
  expect(await migrate(urlOf(name, login), log)).toEqual({ owner: `${name}_owner`, app: `${name}_app` })
})

test('what ran without lesser roles goes on without, though the login may make them by now', async () => {
  const login = `plain_${randomBase62(6).toLowerCase()}`
  await administrator.query(`create role ${login} login password 'secret'`)
  const name = await makeEmptyDatabase(`template template0 owner ${login}`)
  expect(await migrate(urlOf(name, login), log)).toEqual({ owner: undefined, app: undefined })
  await administrator.query(`alter role ${login} createrole`)
  expect(await migrate(urlOf(name, login), log)).toEqual({ owner: undefined, app: undefined })
})

test("nobody but the owner makes temporary tables or objects in schema public, and functions are the application's role's only", async () => {
  const name = await makeEmptyDatabase()
  const login = `neighbour_${randomBase62(6).toLowerCase()}`
  await administrator.query(`create role ${login} login password 'secret'`)
  const inside = new pg.Client({ connectionString: urlOf(name) })
  inside.on('error', () => undefined)
  await inside.connect()
  // As a database that comes from before PostgreSQL 15 has it.
  await inside.query('grant create on schema public to public')
  const { app } = await migrate(urlOf(name), log)
  await migrate(urlOf(name), log)
  for (const role of [login, app]) {
    const { rows } = await inside.query(
      `select has_database_privilege($1, current_database(), 'temporary') as temporary, has_schema_privilege($1, 'public', 'create') as objects,
         has_function_privilege($1, 'remove_people_of_waitlist()', 'execute') as trigger,
         has_function_privilege($1, 'delete_organisation(text)', 'execute') as purge,
         has_function_privilege($1, 'read_status(text)', 'execute') as status`,
      [role],
    )
    expect(rows).toEqual([{ temporary: false, objects: false, trigger: false, purge: false, status: role === app }])
  }
  await inside.end()
  await administrator.query(`drop role ${login}`)
})

test('where the login may make no roles its functions are closed to others all the same, and its own to use', async () => {
  const [login, neighbour] = [0, 1].map(() => `plain_${randomBase62(6).toLowerCase()}`)
  for (const role of [login, neighbour]) await administrator.query(`create role ${role} login password 'secret'`)
  const name = await makeEmptyDatabase(`template template0 owner ${login}`)
  await migrate(urlOf(name, login), log)
  const inside = new pg.Client({ connectionString: urlOf(name, login) })
  inside.on('error', () => undefined)
  await inside.connect()
  const { rows } = await inside.query(
    `select count(*)::int as functions, count(*) filter (where has_function_privilege($1, p.oid, 'execute'))::int as theirs,
       count(*) filter (where has_function_privilege($2, p.oid, 'execute'))::int as own
     from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proowner = to_regrole($2)
       and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`,
    [neighbour, login],
  )
  expect(rows).toEqual([{ functions: rows[0].functions, theirs: 0, own: rows[0].functions }])
  expect(rows[0].functions).toBeGreaterThan(50)
  await inside.end()
  await administrator.query(`drop role ${neighbour}`)
})
