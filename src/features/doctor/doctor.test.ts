import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  makeApiCaller,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { openAsSuperuser } from '../../../test/tampering.ts'
import type { Database } from '../../platform/db/database.ts'
import { makeSecrets } from '../../platform/secrets.ts'
import { chainActivities } from '../activity/chain-activities.ts'
import { examine } from './examine.ts'

let product: TestProduct
let superuser: Database
let organisation: TestOrganisation
beforeEach(async () => {
  product = await makeProduct()
  superuser = openAsSuperuser(product)
  const caller = await makeApiCaller(product)
  organisation = caller.organisation
  let referral_code = ''
  for (let i = 0; i < 12; i++) {
    const { json } = await caller.api.post(caller.path, {
      email: `p${i}@example.com`,
      ...(i > 4 ? { referral_code } : {}),
    })
    if (i === 3) referral_code = json.referral_code
  }
  await makeWaitlist(organisation)
  await chainActivities({ ...product.services, db: product.database.jobs })
})
afterEach(async () => {
  await superuser.close()
  await product.close()
})

const roles = { owner: 'queueup_owner', app: 'queueup_app' }

async function problems(secrets = product.services.secrets): Promise<string[]> {
  const examined = await examine(product.database.jobs, { roles, secrets })
  return examined.flatMap(({ check, problems }) => problems.map((what) => `${check}: ${what}`))
}

/** As a superuser may: no trigger fires, no foreign key is looked at. */
async function damage(text: string): Promise<void> {
  await superuser.kysely.transaction().execute(async (transaction) => {
    await sql`set local session_replication_role = replica`.execute(transaction)
    await sql.raw(text).execute(transaction)
  })
}

test('a database in use is well', async () => {
  expect(await problems()).toEqual([])
})

test.each<[string, string, RegExp]>([
  [
    'a person who is gone without being counted',
    'delete from subscribers where id = 5',
    /waitlists: Waitlist \w+ counts 12 people .* and has 11/,
  ],
  ['a wrong counter', 'update waitlist_counters set moved = moved + 1', /waitlists: Waitlist \w+ counts/],
  [
    'a join number that would come twice',
    'update waitlist_counters set last_join_number = 3 where last_join_number > 3',
    /join number 4 twice/,
  ],
  [
    'a subscriber id that would come twice',
    'update organisation_counters set last_subscriber_id = 3',
    /subscriber id 4 twice/,
  ],
  ['a wrong range', 'update line_counts set unmoved = unmoved - 1 where level = 2', /counts by range/],
  ['a missing day', 'delete from daily_joins', /joined 12, and 0 are counted/],
  [
    'people of no waitlist',
    `update subscribers set waitlist_id = 'wl_none' where id = 12`,
    /orphans: 1 rows of subscribers/,
  ],
  ['an organisation without an owner', 'delete from members', /has no owner/],
  ['an organisation without a counter', 'delete from organisation_counters', /has no counter/],
  ['an address that is not kept', 'delete from organisation_slugs', /is not kept/],
  [
    'no wall around the log',
    'alter table activities disable row level security',
    /protection: Row-level security is off for activities/,
  ],
  ['keys that can change', 'alter table api_keys disable trigger protect', /protection: The triggers .* of api_keys/],
  [
    'a log that can change',
    'drop trigger protect_all on activity_hashes',
    /protection: The triggers .* of activity_hashes/,
  ],
  [
    'a trigger switched off',
    'alter table subscribers disable trigger count_joined',
    /count_joined of subscribers is switched off/,
  ],
  ['an application that may do too much', 'grant update on activities to queueup_app', /activities: update/],
  [
    'no wall around members',
    'alter table members disable row level security',
    /protection: Row-level security is off for members/,
  ],
  [
    'a row of the log that was altered',
    `alter table activities disable trigger protect; update activities set actor_name = 'Eve' where number = 3; alter table activities enable always trigger protect`,
    /activity log: The log of .*: row 3 was altered/,
  ],
  [
    'a row of the log that is gone',
    `alter table activities disable trigger protect; delete from activities where number = 4; alter table activities enable always trigger protect`,
    /row 4 is missing/,
  ],
  [
    'a migration that is not applied',
    'delete from schema_migrations where number = 13',
    /migrations: Migration 0013.* is not applied/,
  ],
  ['a migration that was edited', `update schema_migrations set checksum = '' where number = 1`, /0001.* was edited/],
  [
    'a newer database',
    `insert into schema_migrations (number, name, checksum) values (9999, '9999_later.sql', '')`,
    /newer than this version/,
  ],
])('%s is found, and said in words', async (_, text, what) => {
  await damage(text)
  expect((await problems()).join('\n')).toMatch(what)
  if (text.startsWith('grant')) await sql`revoke update on activities from queueup_app`.execute(superuser.kysely)
})

/** What is held to be true of each table besides its foreign keys. A table that is not here fails the test: think of what must hold. */
const considered: Record<string, string> = {
  schema_migrations: 'migrations',
  schema_roles: 'nothing: it names roles, which are asked for',
  installation: 'secrets: it fits SECRET_KEY',
  organisations: 'organisations: counter, owner, address',
  organisation_counters: 'waitlists, log: no number comes twice',
  organisation_slugs: 'organisations: the address of now is kept',
  organisation_tombstones: 'nothing: of organisations that are gone',
  users: 'nothing: unique addresses are the index’s',
  members: 'organisations: an owner',
  invitations: 'nothing: each stands for itself',
  waitlists: 'waitlists: a counter',
  waitlist_counters: 'waitlists: counts of people, join numbers',
  line_counts: 'waitlists: counts by range',
  daily_joins: 'waitlists: counts by day',
  subscribers: 'waitlists: places',
  earlier_skip_amounts: 'nothing: what a referral was worth, by which nobody’s place is counted',
  confirmed_referrals: 'nothing: the same, of who was confirmed later',
  removed_subscribers: 'nothing: marks of people who are gone',
  removal_keys: 'secrets: they can be opened',
  api_keys: 'secrets: they can be recognised; protection',
  api_key_usage: 'organisations: the key’s own organisation',
  activities: 'log: numbers, times, hashes; protection',
  activity_hashes: 'log; protection',
  activity_chains: 'log; protection',
  activity_tombstones: 'log; protection',
  common_trigrams: 'nothing: of searches, which find the same without',
  billing_accounts: 'nothing: Stripe is asked daily',
  billing_events: 'nothing: marks against events that come twice',
  departed_customers: 'nothing: Stripe is asked until they pay nothing',
  sessions: 'nothing: they pass',
  credentials: 'nothing: of a person',
  reset_links: 'nothing: they pass',
  trusted_devices: 'nothing: they pass',
  ended_sign_ups: 'nothing: they pass',
  form_submissions: 'nothing: they pass',
  email_changes: 'nothing: they pass',
  two_factors: 'secrets: they can be opened',
  pending_two_factors: 'secrets: they can be opened',
  recovery_codes: 'nothing: of a person',
  rate_limits: 'nothing: they pass',
  idempotency_answers: 'nothing: they pass',
  queued_jobs: 'nothing: they pass',
  imports: 'nothing: each stands for itself',
  import_chunks: 'nothing: they pass',
  import_codes: 'nothing: they pass',
  import_results: 'nothing: they pass',
  imported_people: 'nothing: whom a file brought, some of whom are gone',
}

test('every table there is was thought of', async () => {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`.execute(
    superuser.kysely,
  )
  expect(rows.map(({ name }) => name).toSorted()).toEqual(Object.keys(considered).toSorted())
})

test('rows that belong to nothing are found, whichever table they are in', async () => {
  await damage(
    'delete from organisations; delete from users; delete from waitlists; delete from api_keys; delete from organisation_counters; delete from activity_chains',
  )
  const found = await problems()
  for (const [child, parent] of [
    ['members', 'organisations'],
    ['members', 'users'],
    ['credentials', 'users'],
    ['subscribers', 'waitlists'],
    ['waitlist_counters', 'waitlists'],
    ['api_key_usage', 'api_keys'],
    ['organisation_slugs', 'organisations'],
    ['activities', 'organisation_counters'],
    ['activity_hashes', 'activity_chains'],
  ])
    expect(found).toContainEqual(
      expect.stringMatching(`^orphans: \\d+ rows of ${child} belong to ${parent} that are not`),
    )
})

test('a SECRET_KEY that does not fit is found; one that was rotated fits', async () => {
  await sql`insert into installation (secret_version) values (${product.services.secrets.version})`.execute(
    superuser.kysely,
  )
  const other = 'another secret key of more than 32 bytes'
  const found = await problems(makeSecrets(other))
  expect(found).toEqual([
    'secrets: SECRET_KEY is not the one this database was made with.',
    expect.stringMatching(/^secrets: 1 API keys/),
  ])
  expect(await problems(makeSecrets(other, 'a secret key for tests, of more than 32 bytes'))).toEqual([])
  const examined = await examine(product.database.jobs, { roles, secrets: undefined })
  expect(examined.flatMap(({ problems }) => problems)).toEqual([expect.stringMatching(/^There is no SECRET_KEY/)])
})

test('looking changes nothing, and does not mind who writes meanwhile', async () => {
  let writing = true
  const work = (async () => {
    const { api, path } = await makeApiCaller(product)
    for (let i = 0; writing; i++) await api.post(path, { email: `busy${i}@example.com` })
  })()
  for (let i = 0; i < 5; i++) expect(await problems()).toEqual([])
  writing = false
  await work
})
