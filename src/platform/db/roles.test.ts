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
