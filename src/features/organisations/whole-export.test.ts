import { parse } from 'csv-parse/sync'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart } from '../../../test/bring-file.ts'
import { downloadArchive } from '../../../test/download-archive.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { log } from '../../../test/people.ts'
import { exportedTables } from './exported-tables.ts'
import { inviteMember } from './invite-member.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const owner = await asUser(product, organisation.owner)
  const download = (slug = organisation.slug) => downloadArchive(product, { ...organisation, slug }, owner.cookie())
  return { organisation, owner, download }
}

/** What stays behind, and why. A table or column that is neither exported nor here fails the test. */
const leftOut: Record<string, string> = {
  'organisations.deleted_at': 'what is deleted is not exported',
  'organisations.deleted_by_name': 'what is deleted is not exported',
  'organisations.id': 'in organisation',
  'organisations.slug': 'in organisation',
  'organisations.name': 'in organisation',
  'organisations.plan': 'in organisation',
  'organisations.created_at': 'in organisation',
  organisation_counters: 'counts for what comes next',
  organisation_tombstones: 'of organisations that are gone',
  'billing_accounts.checkout_session_id': 'of a checkout that is open for an hour',
  'billing_accounts.live_subscriptions': 'how Stripe was asked last',
  'billing_accounts.ends_with_organisation': 'how Stripe was asked last',
  'billing_accounts.last_question': 'how Stripe was asked last',
  'billing_accounts.last_answer': 'how Stripe was asked last',
  billing_events: 'marks of events that were applied',
  'invitations.token_hash': 'a secret',
  'waitlists.referral_key': 'a secret',
  'waitlists.version': 'a mark against overtaken drafts',
  waitlist_counters: 'counts of subscribers',
  line_counts: 'counts of subscribers',
  daily_joins: 'counts of subscribers',
  'subscribers.canonical_email': 'made from email',
  'subscribers.referred_by': 'in referred_by_id',
  'subscribers.line_key': 'made from join_number and priority_score',
  removal_keys: 'a secret',
  'removed_subscribers.email_hash': 'tells nothing without a secret, and nobody is to be found by it',
  'api_keys.name_key': 'made from name',
  'api_keys.secret_hash': 'a secret',
  'api_keys.secret_version': 'of a secret',
  'api_key_usage.api_key_id': 'in api_keys',
  'api_key_usage.last_used_at': 'in api_keys',
  'api_key_usage.last_used_ip': 'in api_keys',
  'api_key_usage.reuse_count': 'in api_keys',
  'api_key_usage.reuse_first_at': 'in api_keys',
  'api_key_usage.reuse_last_at': 'in api_keys',
  'api_key_usage.reuse_last_ip': 'in api_keys',
  'api_key_usage.reuse_logged_at': 'so that the log tells of it once an hour',
  'imports.position': 'where a batch goes on',
  'imports.began_with': 'in its rows of the log',
  'imports.run': 'how its jobs are counted',
  'imports.failures': 'how its jobs are counted',
  'imports.progressed_at': 'how its jobs are counted',
  'imports.queued_job_id': 'how its jobs are counted',
  import_chunks: 'the file that they brought, kept for some days',
  import_codes: 'by which the rows of that file name each other',
  import_results: 'an answer for each row of that file, which the page of the import exports beside the rows',
  'activities.target_id': 'made from targets',
  'activities.other_target_id': 'made from targets',
  'activity_hashes.number': 'in activities',
  'activity_hashes.hash': 'in activities',
  activity_chains: 'in the newest row of activities',
  activity_tombstones: 'in the oldest row of activities',
  idempotency_answers: 'answers to requests of the last day',
  form_submissions: 'marks of forms that were sent',
}

test('everything that an organisation has is exported, or stays behind for a reason', async () => {
  const { rows } = await sql<{ table: string; column: string }>`
    select table_name as table, column_name as column from information_schema.columns c
    where table_schema = 'public' and column_name <> 'organisation_id' and (table_name = 'organisations' or exists (
      select from information_schema.columns o
      where o.table_schema = 'public' and o.table_name = c.table_name and o.column_name = 'organisation_id'))
    order by 1, 2`.execute(product.database.owner.kysely)
  const forgotten = rows
    .filter(({ table, column }) => !exportedTables[table]?.columns.includes(column))
    .map(({ table, column }) => (leftOut[table] ? table : `${table}.${column}`))
  expect([...new Set(forgotten)].toSorted()).toEqual(Object.keys(leftOut).toSorted())
})

test('an owner takes everything along: each table as JSON Lines and as CSV, and one row of the log', async () => {
  const { organisation, owner, download } = await setUp()
  const waitlist = await makeWaitlist(organisation, '=1+1,"🚀"')
  const key = await makeApiKey(organisation)
  const api = asApiKey(product, key.secret)
  const path = `/waitlists/${waitlist}/subscribers`
  const first = (await api.post(path, { email: 'Ada@Example.com' })).json
  await api.post(path, { email: '+plus@example.com', referral_code: first.referral_code })
  await api.post(path, { email: 'gone@example.com' })
  const home = `/o/${organisation.slug}`
  await owner.post(`${home}/waitlists/${waitlist}/subscribers/3/remove`)
  await pressStart(owner, await bringFile(product, owner, `${home}/waitlists/${waitlist}`, 'Email\nbob@example.com'))
  await doQueued(product)
  await makeMember(product, organisation, 'member')
  await inviteMember(organisation.ctx, { email: 'invited@example.com', role: 'admin' })
  await product.database.owner.kysely
    .insertInto('billing_accounts')
    .values({ organisation_id: organisation.id, customer_id: `cus_${organisation.slug}`, status: 'active' })
    .execute()
  const setup = { name: '=1+1,"🚀"', description: '', skip_amount: '6', referrals_enabled: 'on' }
  await owner.post(`${home}/waitlists/${waitlist}/setup`, setup)
  await product.database.owner.kysely
    .insertInto('confirmed_referrals')
    .values({ organisation_id: organisation.id, waitlist_id: waitlist, join_number: 2, places: 5 })
    .execute()
  const slug = `new-${organisation.slug}`.slice(0, 40)
  await owner.post(`${home}/settings/slug`, { slug })

  const { response, files, lines } = await download(slug)
  expect([response.status, response.headers.get('content-type'), response.headers.get('content-disposition')]).toEqual([
    200,
    'application/zip',
    `attachment; filename="${slug}-export.zip"`,
  ])
  const names = Object.keys(exportedTables)
  expect([...files.keys()].sort()).toEqual(names.flatMap((name) => [`${name}.csv`, `${name}.jsonl`]).sort())
  expect(lines('organisation')).toMatchObject([{ id: organisation.id, plan: 'team' }])
  expect(lines('organisation_slugs')).toEqual([slug, organisation.slug].toSorted().map((slug) => ({ slug })))
  expect(lines('billing_accounts')).toMatchObject([{ customer_id: `cus_${organisation.slug}`, status: 'active' }])
  expect(lines('members').map(({ role }) => role)).toEqual(['owner', 'member'])
  const people = lines('subscribers')
  expect(people).toMatchObject([
    { waitlist_id: waitlist, id: '1', email: 'Ada@Example.com', position: 1, referral_count: 1, referred_by_id: null },
    { id: '2', email: '+plus@example.com', position: 2, referred_by_id: '1', join_number: 2, priority_score: 0 },
    { id: '4', email: 'bob@example.com' },
  ])
  expect(people[0].priority_score).toBe(5)
  // The link that the person has, which leads to their page.
  expect((await owner.get(new URL(people[0].status_link).pathname)).html).toContain(people[0].referral_code)
  expect(lines('removed_subscribers')).toMatchObject([{ waitlist_id: waitlist, subscriber_id: 3 }])
  expect(lines('earlier_skip_amounts')).toEqual([{ waitlist_id: waitlist, last_join_number: 4, places: 5 }])
  const [imported] = lines('imports')
  expect(imported).toMatchObject({ state: 'done', added: 1, started_by: { id: organisation.owner.id } })
  expect(lines('imported_people')).toEqual([
    { first_id: 4, last_id: 4, import_id: imported.id, activity_number: imported.activity_number },
  ])
  const actions = lines('activities').map(({ action }) => action)
  expect([actions[0], actions.at(-1)]).toEqual(['organisation.exported', 'organisation.created'])
  // CSV holds the same, and nothing a spreadsheet would run.
  for (const name of names) {
    const rows: Record<string, string>[] = parse(files.get(`${name}.csv`) ?? '', { columns: true })
    const [line] = lines(name)
    expect([name, rows.length, Object.keys(rows[0] ?? {})]).toEqual([name, lines(name).length, Object.keys(line)])
    expect(Object.keys(line)).toEqual(exportedTables[name]?.columns)
  }
  const csv: Record<string, string>[] = parse(files.get('subscribers.csv') ?? '', { columns: true })
  expect(csv[1]?.email).toBe("'+plus@example.com")
  expect(parse(files.get('waitlists.csv') ?? '', { columns: true })).toMatchObject([{ name: '\'=1+1,"🚀"' }])
  const everything = [...files.values()].join('\n')
  for (const secret of [key.secret, 'secret_hash', 'token_hash', 'password']) expect(everything).not.toContain(secret)
  expect((await log(product, slug)).filter(({ action }) => action === 'organisation.exported')).toHaveLength(1)
})

test('what the plan hides of the log is in no archive, and is there again with the plan', async () => {
  const { organisation, owner, download } = await setUp()
  await insertOld(organisation)
  const old = async () => (await download()).lines('activities').filter(({ action }) => action === 'waitlist.updated')
  expect(await old()).toHaveLength(2)
  const switchTo = (plan: string) => owner.post(`/o/${organisation.slug}/plan`, { plan })
  await switchTo('free')
  expect(await old()).toHaveLength(1)
  expect((await owner.get(`/o/${organisation.slug}/settings`)).html).toContain('as far as the plan shows it')
  await switchTo('team')
  expect(await old()).toHaveLength(2)
})

/** Two rows, 40 and 20 days old. */
async function insertOld({ id }: TestOrganisation) {
  const { kysely } = product.database.owner
  await sql`insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_name, targets)
    select ${id}, number, now() - days * interval '1 day', 'waitlist.updated', 'system', 'System', '[]'
    from (values (2, 40), (3, 20)) old(number, days)`.execute(kysely)
  await sql`update organisation_counters set last_activity_number = 3 where organisation_id = ${id}`.execute(kysely)
}
