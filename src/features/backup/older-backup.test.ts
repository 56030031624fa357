import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { migrate } from '../../platform/db/migrate.ts'
import { openDatabase } from '../../platform/db/open-database.ts'
import { makeSecrets, randomBase62 } from '../../platform/secrets.ts'
import { examine } from '../doctor/examine.ts'
import { findBackup } from './open-backup.ts'
import { checkBackup, restoreBackup } from './restore-backup.ts'
import { writeBackup } from './write-backup.ts'

const log = pino({ level: 'silent' })
const folder = mkdtempSync(join(tmpdir(), 'queueup-backup-'))
const secrets = makeSecrets('a secret key for tests, of more than 32 bytes')
const made: string[] = []
let administrator: pg.Client
beforeAll(async () => {
  administrator = await connect(urlOf('postgres'))
})
afterAll(async () => {
  for (const name of made) await administrator.query(`drop database if exists ${name} with (force)`)
  await administrator.end()
  rmSync(folder, { recursive: true, force: true })
})

function urlOf(database: string): string {
  return inject('postgresUrl').replace(/queueup$/, database)
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}

async function makeEmptyDatabase(): Promise<string> {
  const name = `backup_${randomBase62(8).toLowerCase()}`
  made.push(name)
  await administrator.query(`create database ${name} template template0`)
  return urlOf(name)
}

/** An organisation whose waitlist has people with everything that COPY has to write specially. */
async function furnish(url: string): Promise<void> {
  const client = await connect(url)
  await client.query(`
    insert into installation (secret_version) values ('${secrets.version}');
    insert into organisations (id, slug, name, plan) values ('org_a', 'acme', E'Tab\\t line\\n \\\\. end \\\\N 🦊', 'team');
    insert into users (id, name, email) values ('usr_a', 'Ada', 'ada@example.com');
    insert into members (organisation_id, user_id, role) values ('org_a', 'usr_a', 'owner');
    insert into organisation_counters (organisation_id, last_subscriber_id) values ('org_a', 3000);
    insert into waitlists (id, organisation_id, name) values ('wl_a', 'org_a', 'Launch');
    insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, priority_score, referral_code)
      select 'org_a', 'wl_a', n, n, n || '@example.com', n || '@example.com', case when n % 7 = 0 then 'pending' else 'active' end, now(),
             case when n % 5 = 0 then 12 else 0 end, 'c' || n from generate_series(1, 3000) n;
    insert into queued_jobs (name, payload) values ('nothing', '\\x00ff');`)
  for (let i = 0; i < 5; i++)
    await client.query(
      `select record_activity('org_a', 'waitlist.updated', 'system', null, 'System', '[{"type": "waitlist", "id": "wl_a"}]', null, null, null, null)`,
    )
  await client.end()
}

async function problemsOf(url: string): Promise<string[]> {
  const client = await connect(url)
  const { rows } = await client.query('select owner_role as owner, app_role as app from schema_roles')
  await client.end()
  const db = openDatabase({ url, role: rows[0].owner, maxConnections: 1, log })
  const examined = await examine(db, { roles: rows[0], secrets })
  await db.close()
  return examined.flatMap(({ problems }) => problems)
}

const stopping = new AbortController().signal
const backUp = (url: string, path: string) => writeBackup(path, { url, stopping, secretKey: undefined, secrets })
const check = async (path: string) => checkBackup(await findBackup(path), secrets)

test('a backup of an older version is restored as it was, and brought up to date', async () => {
  const [old, restored] = [await makeEmptyDatabase(), await makeEmptyDatabase()]
  await migrate(old, log, 12)
  await furnish(old)
  const path = join(folder, 'old.backup')
  expect(await backUp(old, path)).toMatchObject({ subscribers: 3000, activities: 5, organisation_slugs: 1 })
  await restoreBackup(restored, log, await check(path))
  expect(await problemsOf(restored)).toEqual([])
  const [before, after] = [await connect(old), await connect(restored)]
  for (const table of [
    'organisations',
    'subscribers',
    'waitlists',
    'queued_jobs',
    'line_counts',
    'daily_joins',
    'users',
  ]) {
    // What later versions added to a table is not in the backup.
    const { rows: columns } = await before.query(
      "select string_agg(quote_ident(column_name), ', ') as all from information_schema.columns where table_name = $1",
      [table],
    )
    const text = `select md5(string_agg(t::text, '|' order by t::text)) as hash from (select ${columns[0].all} from ${table}) t`
    expect((await after.query(text)).rows, table).toEqual((await before.query(text)).rows)
  }
  // It has had more columns since.
  const jobs = 'select id, name, payload, attempts, run_at, created_at from queued_jobs'
  expect((await after.query(jobs)).rows).toEqual((await before.query(jobs)).rows)
  // Ids that the database gives go on.
  const { rows } = await after.query("insert into queued_jobs (name, payload) values ('more', '') returning id")
  expect(Number(rows[0].id)).toBe(2)
  await Promise.all([before.end(), after.end()])
})

test('a backup of the backup holds the same; what is there already is not written over', async () => {
  const [first, second] = [await makeEmptyDatabase(), await makeEmptyDatabase()]
  await migrate(first, log)
  await furnish(first)
  const [one, two] = [join(folder, 'one.backup'), join(folder, 'two.backup')]
  const rows = await backUp(first, one)
  await restoreBackup(second, log, await check(one))
  expect(await backUp(second, two)).toEqual(rows)
  const checked = await check(two)
  await expect(restoreBackup(first, log, checked)).rejects.toThrow(/already/)
  expect(await problemsOf(first)).toEqual([])
})

test('a restore that breaks off in the middle leaves an empty database, into which it is done again', async () => {
  const [source, target] = [await makeEmptyDatabase(), await makeEmptyDatabase()]
  await migrate(source, log)
  await furnish(source)
  const path = join(folder, 'broken.backup')
  await backUp(source, path)
  const checked = await check(path)
  const missing = { ...checked, path: join(folder, 'gone.backup') }
  await expect(restoreBackup(target, log, missing)).rejects.toThrow(/cannot be read/)
  await restoreBackup(target, log, checked)
  expect(await problemsOf(target)).toEqual([])
})
