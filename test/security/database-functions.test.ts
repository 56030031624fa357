import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomBase62 } from '../../src/platform/secrets.ts'
import { makeApiCaller, makeOrganisation, makeProduct, type TestOrganisation, type TestProduct } from '../make.ts'

/** Functions past the row-level wall that the application's role may execute, each with what keeps it to one organisation. */
const pastTheWall: Record<string, string> = {
  find_api_key: 'finds the organisation by the hash of a key',
  organisation_of_customer: 'finds the organisation by its customer at the billing provider',
  read_status: 'finds one person by a token that only they have',
  search_subscribers: 'of the organisation that was entered',
  walk_subscribers: 'of the organisation that was entered',
  find_subscribers: 'of the organisation that was entered',
  estimate_subscribers_found: 'of the organisation that was entered',
  chain_own_activities: 'of the organisation that was entered',
  record_key_reuse: 'refuses any but the organisation that was entered',
  record_key_uses: 'writes when keys of many organisations were last used, only ever forward',
  renew_key_hash: 'the caller knows the stored hash of the key',
  learn_statistics: 'takes and gives nothing',
  file_search_entries: 'takes and gives nothing',
}
/** Functions past the wall that nobody but the tables' owner may execute. */
const ownersOnly = ['chain_activities', 'delete_organisation', 'learn_common_trigrams']

let product: TestProduct
let victim: TestOrganisation
let waitlist: string
let attacker: TestOrganisation
const stranger = `stranger_${randomBase62(8).toLowerCase()}`
beforeAll(async () => {
  product = await makeProduct()
  const caller = await makeApiCaller(product)
  victim = caller.organisation
  waitlist = caller.path.split('/')[2] ?? ''
  for (let i = 0; i < 5; i++) await caller.api.post(caller.path, { email: `person${i}@example.com` })
  attacker = await makeOrganisation(product)
  await sql.raw(`create role ${stranger} login password 'secret'`).execute(product.database.owner.kysely)
})
afterAll(async () => {
  await sql.raw(`drop role ${stranger}`).execute(product.database.owner.kysely)
  await product.close()
})

async function enterAsApplication(): Promise<pg.Client> {
  const client = await connect(product.database.url)
  await client.query('set role queueup_app')
  await client.query("select set_config('app.organisation_id', $1, false)", [attacker.id])
  return client
}

/** Who attacks: a role with no grant at all, and the application's role, from within an organisation of its own. */
const attackers: [string, () => Promise<pg.Client>][] = [
  [
    'a role without grants',
    async () => {
      const url = new URL(product.database.url)
      ;[url.username, url.password] = [stranger, 'secret']
      return connect(url.toString())
    },
  ],
  ["the application's role", enterAsApplication],
]

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return client
}

const attacks: [string, string, () => string][] = [
  [
    'deletes the people of a waitlist',
    'remove_people_of_waitlist',
    () => `create temp table w (organisation_id text, id text);
      create trigger t before delete on w for each row execute function public.remove_people_of_waitlist();
      insert into w values ('${victim.id}', '${waitlist}'); delete from w`,
  ],
  [
    'has a subscription cancelled',
    'note_departed_customer',
    () => `create temp table b (customer_id text);
      create trigger t after delete on b for each row execute function public.note_departed_customer();
      insert into b values ('cus_victim'); delete from b`,
  ],
  [
    'takes a slug',
    'keep_slug',
    () => `create temp table s (slug text, id text);
      create trigger t after insert on s for each row execute function public.keep_slug();
      insert into s values ('wanted-slug', '${victim.id}')`,
  ],
  [
    'deletes the log',
    'remove_activities',
    () => `create temp table c (organisation_id text);
      create trigger t after delete on c for each row execute function public.remove_activities();
      insert into c values ('${victim.id}'); delete from c`,
  ],
  [
    'changes the counts of a waitlist',
    'count_left',
    () => `create temp table p (organisation_id text, waitlist_id text, join_number bigint, line_key bigint, state text, priority_score integer);
      create trigger t after delete on p referencing old table as old_rows for each statement execute function public.count_left();
      insert into p values ('${victim.id}', '${waitlist}', 1, 1, 'active', 0); delete from p`,
  ],
  [
    'deletes a whole organisation',
    'delete_organisation',
    () =>
      `select set_config('app.organisation_id', '${victim.id}', false); select public.delete_organisation('${victim.id}')`,
  ],
]

async function stateOfVictim() {
  const { rows } = await sql`
    select (select count(*)::int from subscribers where organisation_id = ${victim.id}) as people,
      (select count(*)::int from activities where organisation_id = ${victim.id}) as log,
      (select count(*)::int from organisations where id = ${victim.id}) as organisations,
      (select sum(listed)::int from waitlist_counters where organisation_id = ${victim.id}) as listed,
      (select count(*)::int from departed_customers) as departed,
      (select count(*)::int from organisation_slugs where slug = 'wanted-slug') as slugs`.execute(
    product.database.owner.kysely,
  )
  return rows[0]
}

for (const [name, enter] of attackers) {
  test.each(attacks)(`${name} never %s`, async (_, functionName, attack) => {
    const before = await stateOfVictim()
    const client = await enter()
    try {
      await expect(client.query(attack())).rejects.toThrow(
        new RegExp(`permission denied for function (public\\.)?${functionName}$`),
      )
      expect(await stateOfVictim()).toEqual(before)
    } finally {
      await client.end()
    }
  })
}

test('a trigger function refuses a table that is not its own, even for who may attach it', async () => {
  const before = await stateOfVictim()
  const client = await connect(product.database.url)
  try {
    for (const [, , attack] of attacks.filter(([, name]) => name !== 'delete_organisation'))
      await expect(client.query(attack())).rejects.toThrow(/works for triggers of \w+ only/)
    expect(await stateOfVictim()).toEqual(before)
  } finally {
    await client.end()
  }
})

const writes: [string, () => string][] = [
  [
    'renames or deletes it',
    () => `update organisations set name = 'Taken', deleted_at = now() where id = '${victim.id}'`,
  ],
  ['changes its plan', () => `update organisations set plan = 'free' where id = '${victim.id}'`],
  ['removes its members', () => `delete from members where organisation_id = '${victim.id}'`],
  ['promotes its members', () => `update members set role = 'owner' where organisation_id = '${victim.id}'`],
  ['changes its invitations', () => `update invitations set accepted_at = null where organisation_id = '${victim.id}'`],
  [
    'changes its counters',
    () => `update organisation_counters set last_subscriber_id = 0 where organisation_id = '${victim.id}'`,
  ],
  [
    'moves its members into its own',
    () => `update members set organisation_id = '${attacker.id}' where organisation_id = '${victim.id}'`,
  ],
]
test.each(writes)("the application's role, entered elsewhere, never %s", async (_, write) => {
  const client = await enterAsApplication()
  try {
    expect((await client.query(write())).rowCount).toBe(0)
    await expect(
      client.query(`insert into members (organisation_id, user_id, role) values ($1, $2, 'owner')`, [
        victim.id,
        attacker.owner.id,
      ]),
    ).rejects.toThrow('row-level security')
    await expect(
      client.query("select record_key_reuse($1, 'key_x', 1, now(), null, null, null)", [victim.id]),
    ).rejects.toThrow('from within its organisation')
  } finally {
    await client.end()
  }
})

interface FunctionRow {
  name: string
  definer: boolean
  trigger: boolean
  public: boolean
  app: boolean
  config: string[] | null
  source: string
}

test('no function is executable by everybody, and those past the wall are the known ones', async () => {
  const { rows } = await sql<FunctionRow>`
    select p.proname as name, p.prosecdef as definer, p.prorettype = 'trigger'::regtype as trigger, p.proconfig as config,
      exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0) as public,
      has_function_privilege('queueup_app', p.oid, 'execute') as app, p.prosrc as source
    from pg_proc p where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    order by 1`.execute(product.database.owner.kysely)
  const names = (which: (row: FunctionRow) => boolean) => rows.filter(which).map(({ name }) => name)
  expect(rows.length).toBeGreaterThan(50)
  expect(names((row) => row.public)).toEqual([])
  expect(names((row) => row.trigger && row.app)).toEqual([])
  expect(names((row) => row.definer && !row.trigger && row.app)).toEqual(Object.keys(pastTheWall).toSorted())
  expect(names((row) => row.definer && !row.trigger && !row.app)).toEqual(ownersOnly)
  const fixed = (row: FunctionRow) => row.config?.includes('search_path=public, pg_temp') ?? false
  expect(names((row) => (row.definer || row.trigger) && !fixed(row))).toEqual([])
  expect(
    names((row) => row.definer && row.trigger && !/^\s*begin\s+if tg_relid <> '\w+'::regclass/.test(row.source)),
  ).toEqual([])
})

test('functions of later migrations are born closed, those of extensions stay usable', async () => {
  const { rows } = await sql<{ open: boolean }>`
    select has_function_privilege('queueup_app', p.oid, 'execute') as open from pg_proc p
    join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    where p.pronamespace = 'public'::regnamespace`.execute(product.database.owner.kysely)
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.every(({ open }) => open)).toBe(true)
  const client = await connect(product.database.url)
  try {
    await client.query(`begin; set local role queueup_owner;
      create function born_later() returns integer language sql as 'select 1'; set local role queueup_app`)
    await expect(client.query('select born_later()')).rejects.toThrow('permission denied for function born_later')
  } finally {
    await client.end()
  }
})

test('a table of the session never stands in for one of the product', async () => {
  const { rows } = await sql<{ path: string }>`select current_setting('search_path') as path`.execute(
    product.services.db.kysely,
  )
  expect(rows).toEqual([{ path: 'public,pg_temp' }])
})
