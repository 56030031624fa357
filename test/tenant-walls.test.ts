import { CompiledQuery, type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { workerContext } from '../src/features/imports/worker-context.ts'
import { inSnapshot, inTransaction } from '../src/platform/context.ts'
import type { Tables } from '../src/platform/db/tables.ts'
import { furnish } from './e2e/furnish.ts'
import { makeProduct, secretKey, type TestProduct } from './make.ts'
import { runCli } from './processes.ts'
import { findUnnamed, listTenantTables } from './tenant-statements.ts'
import { watchedStatements } from './watched-statements.ts'

/** Read before it is known whose a request is: by token or person. Written only from within the organisation. */
const readByEverybody = ['invitations', 'members', 'organisation_counters']
/** Found by slug, and what is left of organisations that are gone. The application's role writes neither. */
const onlyRead = ['organisation_slugs', 'organisation_tombstones']
const beforeTheWall = [...readByEverybody, ...onlyRead]
/** Functions that find the organisation, by what only its own can have: a key's row, a customer at the billing provider, a status link. */
const finders = ['find_api_key: api_keys', 'organisation_of_customer: billing_accounts', 'read_status: waitlists']
/** Functions that count over all organisations and give out nothing of any. */
const counters = ['learn_common_trigrams: subscribers']

let product: TestProduct
let tables: string[]
let organisations: string[]
beforeAll(async () => {
  product = await makeProduct()
  tables = await listTenantTables(product.database.owner)
  const words = {
    keys: ['key'],
    waitlists: ['list'],
    description: 'plans',
    organisation: 'Org',
    person: 'Ada',
    userAgent: 'test',
  }
  const emails = ['one@example.com', 'two@example.com']
  const [one, other] = [await furnish(product, { ...words, emails }), await furnish(product, { ...words, emails })]
  organisations = [one.organisation.id, other.organisation.id]
})
afterAll(() => product.close())

test('every table of tenants stands behind row-level security, but those that find the organisation', async () => {
  const { rows } = await sql<{ name: string; secured: boolean; policies: number; role: string }>`
    select c.relname as name, c.relrowsecurity as secured,
      (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies, pg_get_userbyid(c.relowner) as role
    from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname = any (${tables}) order by 1`.execute(
    product.database.owner.kysely,
  )
  expect(rows.map(({ name }) => name).toSorted()).toEqual(tables)
  expect(rows.filter(({ secured, policies }) => !secured || policies === 0).map(({ name }) => name)).toEqual(onlyRead)
  const { rows: open } = await sql<{ name: string }>`
    select polrelid::regclass::text as name from pg_policy where polname <> 'own_organisation' and polcmd = 'r' order by 1`.execute(
    product.database.owner.kysely,
  )
  expect(open.map(({ name }) => name)).toEqual([...readByEverybody, 'organisations'].toSorted())
  const { rows: written } = await sql<{ name: string }>`
    select name from unnest(${onlyRead}::text[]) name
    where has_table_privilege('queueup_app', name, 'insert, update, delete, truncate')`.execute(
    product.database.owner.kysely,
  )
  expect(written).toEqual([])
  expect(rows.filter(({ role }) => role === 'queueup_app')).toEqual([])
})

test("the application's role cannot pass by it", async () => {
  const { rows } = await sql`
    select rolsuper, rolbypassrls, rolcreaterole, pg_has_role('queueup_app', 'queueup_owner', 'member') as owner
    from pg_roles where rolname = 'queueup_app'`.execute(product.database.database.kysely)
  expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, owner: false }])
})

test('a query without where shows the rows of the organisation that was entered, and none where none was', async () => {
  const { database, owner } = product.database
  watchedStatements().forgive((text) => /^select distinct organisation_id as id from "\w+" order by 1$/.test(text))
  const idsIn = async (table: string, kysely: Kysely<Tables>) => {
    const select = sql<{ id: string }>`select distinct organisation_id as id from ${sql.table(table)} order by 1`
    return (await select.execute(kysely)).rows.map(({ id }) => id)
  }
  let withRows = 0
  for (const table of tables.filter((name) => !beforeTheWall.includes(name))) {
    const all = await idsIn(table, owner.kysely)
    const seenFrom = (entered: string) =>
      database.kysely.transaction().execute(async (transaction) => {
        await sql`select set_config('app.organisation_id', ${entered}, true)`.execute(transaction)
        return idsIn(table, transaction)
      })
    expect([table, await idsIn(table, database.kysely), await seenFrom('')]).toEqual([table, [], []])
    for (const id of organisations)
      expect([table, await seenFrom(id)]).toEqual([table, all.filter((one) => one === id)])
    if (organisations.every((id) => all.includes(id))) withRows += 1
  }
  expect(withRows).toBeGreaterThanOrEqual(11)
})

test('a job that works for one organisation has no more rows before it than that one, whatever it forgets to ask for', async () => {
  const [own = ''] = organisations
  watchedStatements().forgive((text) => /^select distinct organisation_id from "\w+"$/.test(text))
  const { jobs, owner } = product.database
  const ctx = await workerContext({ ...product.services, db: jobs }, own)
  if (!ctx) throw new Error('the organisation is gone')
  const seen = async (table: string, kysely: Kysely<Tables>) =>
    (await sql`select distinct organisation_id from ${sql.table(table)}`.execute(kysely)).rows
  for (const table of tables.filter((name) => !beforeTheWall.includes(name))) {
    const all = await seen(table, owner.kysely)
    const rows = all.filter((row) => JSON.stringify(row).includes(own))
    for (const enter of [inTransaction, inSnapshot])
      expect([table, await enter(ctx, (ctx) => seen(table, ctx.sql))]).toEqual([table, rows])
    // Between two organisations it is the tables' owner again.
    expect([table, (await seen(table, jobs.kysely)).length]).toEqual([table, all.length])
  }
})

test("a statement that forgets whose rows it is about is found: a page's, a job's, a prepared one, and those of started processes are watched", async () => {
  const { database, jobs, url } = product.database
  const planted = [
    'select id from waitlists where id = $1',
    'update waitlists set name = $1 where false',
    'select email from subscribers',
  ]
  await database.run({ name: 'planted', text: planted[0] ?? '' }, ['wl_1'])
  await jobs.kysely.executeQuery(CompiledQuery.raw(planted[1] ?? '', ['x']))
  const held = await database.hold()
  await held.query(planted[2] ?? '')
  held.release()
  const watched = watchedStatements()
  expect(watched.unnamed()).toEqual([
    `waitlists: ${planted[0]}`,
    `waitlists: ${planted[1]}`,
    `subscribers: ${planted[2]}`,
  ])
  watched.forgive((text) => planted.includes(text))
  expect(watched.unnamed()).toEqual([])
  const before = watched.all()
  const env = { DATABASE_URL: url, SECRET_KEY: secretKey, DATA_DIR: product.services.config.dataDir }
  expect((await runCli(env, 'org', 'list')).code).toBe(0)
  expect(watched.all().length).toBeGreaterThan(before.length)
})

test("nobody writes a row into another organisation's table, whichever they have entered", async () => {
  const [own = '', other = ''] = organisations
  const write = (table: string) =>
    product.database.database.kysely.transaction().execute(async (transaction) => {
      await sql`select set_config('app.organisation_id', ${own}, true)`.execute(transaction)
      await sql`insert into ${sql.table(table)} (organisation_id) values (${other})`.execute(transaction)
    })
  for (const table of ['waitlists', 'api_keys', 'activities', 'form_submissions', 'imports', ...beforeTheWall])
    await expect(write(table)).rejects.toThrow(/row-level security|permission denied/)
})

test('every statement within a function of the database names the organisation, but in those that find it and one that counts', async () => {
  const { rows } = await sql<{ name: string; body: string }>`
    select proname as name, prosrc as body from pg_proc
    where pronamespace = 'public'::regnamespace and prosrc <> '' and prolang in (select oid from pg_language where lanname in ('plpgsql', 'sql'))
    order by 1`.execute(product.database.owner.kysely)
  const unnamed = rows.flatMap(({ name, body }) =>
    body.split(';').flatMap((statement) => findUnnamed(statement, tables).map((table) => `${name}: ${table}`)),
  )
  expect(rows.length).toBeGreaterThan(40)
  expect([...new Set(unnamed)].toSorted()).toEqual([...finders, ...counters].toSorted())
})

test('the search for statements that name no organisation finds them', () => {
  const find = (text: string) => findUnnamed(text, tables)
  expect(find('select * from waitlists where id = $1')).toEqual(['waitlists'])
  expect(
    find(
      'select w.name from "waitlists" as "w" join subscribers s on s.waitlist_id = w.id where "w"."organisation_id" = $1',
    ),
  ).toEqual(['subscribers'])
  expect(find('select organisation_id from api_keys where secret_hash = $1')).toEqual(['api_keys'])
  expect(find('update waitlists set organisation_id_was = $1 where id = $2')).toEqual(['waitlists'])
  expect(find('delete from members where user_id = $1')).toEqual(['members'])
  expect(find('select 1 from waitlists w join subscribers s on s.organisation_id = w.organisation_id')).toHaveLength(2)
  expect(find('insert into waitlists (id, name) values ($1, $2)')).toEqual(['waitlists'])
  expect(find('insert into "waitlists" ("organisation_id", "id") values ($1, $2)')).toEqual([])
  expect(
    find(
      'select 1 from waitlists w, subscribers s where w.organisation_id = $1 and s.organisation_id = w.organisation_id',
    ),
  ).toEqual([])
})
