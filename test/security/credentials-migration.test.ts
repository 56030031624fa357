import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/platform/db/migrate.ts'
import { makeDatabase, type TestDatabase } from '../database.ts'

const log = pino({ level: 'silent' })
const before = 17

let database: TestDatabase
let url: string
beforeAll(async () => {
  database = await makeDatabase()
  url = `${database.url}_before`
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`create database ${new URL(url).pathname.slice(1)}`)
  await client.end()
})
afterAll(async () => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(`drop database ${new URL(url).pathname.slice(1)} with (force)`)
  await client.end()
  await database.drop()
})

test('an older database loses unconfirmed secrets and old sessions, and nothing else', async () => {
  await migrate(url, log, before)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`
    insert into users (id, name, email) values ('usr_on', 'On', 'on@example.com'), ('usr_pending', 'P', 'p@example.com');
    insert into two_factors (user_id, secret, secret_version, confirmed_at) values
      ('usr_on', 'x', 'v', now()), ('usr_pending', 'x', 'v', null);
    insert into recovery_codes (user_id, code_hash) values ('usr_on', 'x');
    insert into sessions (id, user_id, token, expires_at, created_at) values
      ('ses_new', 'usr_on', 'a', now() + interval '30 days', now()),
      ('ses_old', 'usr_on', 'b', now() + interval '30 days', now() - interval '800 days');
    insert into verifications (id, identifier, value, expires_at) values ('v', 'i', 'usr_on', now())`)
  await migrate(url, log)
  const rows = async (text: string) => (await client.query(text)).rows
  expect(await rows('select user_id from two_factors')).toEqual([{ user_id: 'usr_on' }])
  expect(await rows('select user_id from recovery_codes')).toEqual([{ user_id: 'usr_on' }])
  expect(await rows('select id from sessions where expires_at > now()')).toEqual([{ id: 'ses_new' }])
  await client.end()
})
