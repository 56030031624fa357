import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import {
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { watchedStatements } from '../../../test/watched-statements.ts'
import type { Services } from '../../platform/services.ts'
import type { Plan } from '../plans/plan-rules.ts'
import { setPlan } from '../plans/set-plan.ts'
import { hashCanonical, noHash } from './activity-hash.ts'
import { chainActivities } from './chain-activities.ts'
import { deleteExpiredActivities } from './delete-expired-activities.ts'
import { verifyActivities } from './verify-activities.ts'

let product: TestProduct
let services: Services
beforeAll(async () => {
  product = await makeProduct()
  services = { ...product.services, db: product.database.jobs }
})
afterAll(() => product.close())

const owner = () => product.database.owner.kysely

/** An organisation whose log has a row for each of so many days before today, the youngest last. */
async function makeOld(plan: Plan, days: number): Promise<TestOrganisation> {
  const organisation = await makeOrganisation(product, plan)
  await sql`insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_name, targets)
    select ${organisation.id}, n + 1, now() - (${days} - n) * interval '1 day' - interval '1 hour', 'waitlist.updated', 'system', 'System',
      '[{"type": "waitlist", "id": "wl_1"}]' from generate_series(1, ${days}::integer) n`.execute(owner())
  // What made the organisation happened before all that.
  await sql`alter table activities disable trigger protect`.execute(owner())
  await sql`update activities set occurred_at = now() - ${days + 1} * interval '1 day' where organisation_id = ${organisation.id} and number = 1`.execute(
    owner(),
  )
  await sql`alter table activities enable always trigger protect`.execute(owner())
  await sql`update organisation_counters set last_activity_number = ${days + 1}, last_activity_at = now() where organisation_id = ${organisation.id}`.execute(
    owner(),
  )
  return organisation
}

const run = (inDays = 0, more: Partial<Services> = {}) =>
  deleteExpiredActivities({ ...services, now: () => new Date(Date.now() + inDays * 86_400_000), ...more })

async function logOf({ id }: TestOrganisation) {
  const { rows } = await sql<{ number: number; age: number; row: string }>`
    select number, floor(extract(epoch from now() - occurred_at) / 86400)::integer as age,
      (to_jsonb(a) - array['target_id', 'other_target_id'] || jsonb_build_object(
        'occurred_at', to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))::text as row
    from activities a where organisation_id = ${id} order by number`.execute(owner())
  return rows
}

const tombstoneOf = ({ id }: TestOrganisation) =>
  owner().selectFrom('activity_tombstones').selectAll().where('organisation_id', '=', id).executeTakeFirst()

const hashOf = (rows: { row: string }[]) =>
  Buffer.from(
    rows.reduce((hash, { row }) => hashCanonical(hash, row), noHash),
    'hex',
  )

describe('what a plan shows no more', () => {
  test('is deleted 30 days after it left the window, and leaves a tombstone; the numbers go on', async () => {
    const organisation = await makeOld('pro', 450)
    const before = await logOf(organisation)
    await run()
    const after = await logOf(organisation)
    expect(after[0]?.age).toBe(394)
    expect(after).toHaveLength(395)
    const gone = before.slice(0, before.length - after.length)
    expect(await tombstoneOf(organisation)).toMatchObject({ last_number: gone.length, log_hash: hashOf(gone) })
    expect(after).toEqual(
      before.slice(gone.length).map((row) => expect.objectContaining({ number: row.number, row: row.row })),
    )
    await makeWaitlist(organisation)
    expect((await logOf(organisation)).at(-1)?.number).toBe(452)
    const user = await asUser(product, organisation.owner)
    const base = `/o/${organisation.slug}/activity`
    expect((await user.get(base)).html).toContain(`${base}/452"`)
    expect((await user.get(`${base}/1`)).status).toBe(404)
    const { html } = await user.post(`${base}/export`, { format: 'jsonl' })
    expect(JSON.parse(html.trim().split('\n').at(-1) ?? '')).toMatchObject({ number: 452 - 365 })
    await run(3)
    const { last_number: deleted = 0 } = (await tombstoneOf(organisation)) ?? {}
    expect(deleted).toBe(gone.length + 3)
    // What stays goes on from the hash of what went, and what went is told apart.
    await expect(verifyActivities(organisation.ctx, { number: deleted - 1, hash: noHash })).rejects.toThrow(
      /is deleted/,
    )
    await chainActivities(services)
    expect(await verifyActivities(organisation.ctx)).toMatchObject({ first: deleted + 1, unchained: 0, problem: null })
    expect((await verifyActivities(organisation.ctx, { number: deleted, hash: noHash })).problem).toMatchObject({
      number: deleted,
      what: expect.stringMatching(/another hash/),
    })
  })

  test('is 60 days old on Free, and never on Team', async () => {
    const [free, team] = [await makeOld('free', 70), await makeOld('team', 1_500)]
    await run()
    expect((await logOf(free))[0]?.age).toBe(59)
    expect(await logOf(team)).toHaveLength(1_501)
    expect(await tombstoneOf(team)).toBeUndefined()
  })

  test('stays for 30 days after a drop, however old: who has the plan back then has lost nothing', async () => {
    const [mistaken, meant] = [await makeOld('team', 450), await makeOld('pro', 450)]
    for (const organisation of [mistaken, meant]) await setPlan(organisation.ctx, 'free')
    for (const days of [0, 29]) await run(days)
    expect(await logOf(mistaken)).toHaveLength(452)
    expect(await logOf(meant)).toHaveLength(452)
    await setPlan(mistaken.ctx, 'team')
    await run(31)
    expect(await logOf(mistaken)).toHaveLength(453)
    // By the database's clock they are 30 days old, whatever the process says.
    expect((await logOf(meant))[0]?.age).toBe(29)
  })

  test('goes on from where it was broken off; several at once delete each row once', async () => {
    const [first, second] = [await makeOld('free', 1_700), await makeOld('free', 1_700)]
    const before = [await logOf(first), await logOf(second)]
    const stopping = AbortSignal.abort()
    await run(0, { stopping })
    expect(await logOf(first)).toHaveLength(1_701)
    // Broken off in the middle of a batch, as by a crash, and after one.
    await owner()
      .transaction()
      .execute(async (transaction) => {
        await sql`select delete_expired_activities(${first.id}, now(), 100)`.execute(transaction)
        throw new Error('crash')
      })
      .catch(() => undefined)
    await sql`select delete_expired_activities(${first.id}, now() - interval '60 days', 100)`.execute(owner())
    await Promise.all([run(), run(), run()])
    for (const [i, organisation] of [first, second].entries()) {
      const after = await logOf(organisation)
      expect(after.map(({ age }) => age)).toEqual(Array.from({ length: 60 }, (_, n) => 59 - n))
      expect((await tombstoneOf(organisation))?.log_hash).toEqual(hashOf((before[i] ?? []).slice(0, -60)))
    }
  })

  test('is deleted without waiting for those who write, who do not wait for it', async () => {
    const organisation = await makeOld('free', 70)
    await owner()
      .transaction()
      .execute(async (transaction) => {
        await sql`select from organisation_counters where organisation_id = ${organisation.id} for update`.execute(
          transaction,
        )
        await run()
      })
    expect(await logOf(organisation)).toHaveLength(60)
  })

  test('is part of the hash that a deleted organisation leaves', async () => {
    const organisation = await makeOld('free', 70)
    const all = await logOf(organisation)
    await run()
    await owner()
      .transaction()
      .execute(async (transaction) => {
        await sql`select set_config('app.organisation_id', ${organisation.id}, true)`.execute(transaction)
        await sql`select delete_organisation(${organisation.id})`.execute(transaction)
      })
    const left = await owner()
      .selectFrom('organisation_tombstones')
      .selectAll()
      .where('organisation_id', '=', organisation.id)
      .executeTakeFirst()
    expect(left).toMatchObject({ last_activity_number: all.length, log_hash: hashOf(all) })
    expect(await tombstoneOf(organisation)).toBeUndefined()
  })
})

describe('the database refuses, whoever asks,', () => {
  const refused = /never change|only moves on|rows that are there|less than a month/
  const attempt = (statements: string[], id: string) =>
    owner()
      .transaction()
      .execute(async (transaction) => {
        for (const text of statements) await sql.raw(text.replaceAll('$1', `'${id}'`)).execute(transaction)
      })
  const tombstone = (number: number) =>
    `insert into activity_tombstones (organisation_id, last_number, log_hash) values ($1, ${number}, '')`

  test.each([
    ['a deletion without a tombstone', ['delete from activities where organisation_id = $1 and number = 1']],
    ['a hole', [tombstone(2), 'delete from activities where organisation_id = $1 and number = 2']],
    ['a deletion of what is not a month old', [tombstone(71), 'delete from activities where organisation_id = $1']],
    ['a tombstone for rows that are there', [tombstone(5)]],
  ])('%s', async (_, statements) => {
    const organisation = await makeOld('free', 70)
    await expect(attempt(statements, organisation.id)).rejects.toThrow(refused)
    expect(await logOf(organisation)).toHaveLength(71)
  })

  test('a tombstone that moves back, changes without moving, or goes', async () => {
    const organisation = await makeOld('free', 70)
    await run()
    for (const text of [
      'update activity_tombstones set last_number = last_number - 1 where organisation_id = $1',
      "update activity_tombstones set log_hash = '' where organisation_id = $1",
      'delete from activity_tombstones where organisation_id = $1',
      'truncate activity_tombstones',
    ])
      await expect(attempt([text], organisation.id)).rejects.toThrow(refused)
  })

  test('all of it, asked for by the application', async () => {
    const { kysely } = product.database.database
    watchedStatements().forgive((text) => text === 'delete from activity_tombstones')
    await expect(sql`select delete_expired_activities('org_1', now(), 1)`.execute(kysely)).rejects.toThrow(/permission/)
    await expect(sql`delete from activity_tombstones`.execute(kysely)).rejects.toThrow(/permission/)
    await expect(
      sql`insert into activity_tombstones (organisation_id, last_number, log_hash) values ('org_1', 1, '')`.execute(
        kysely,
      ),
    ).rejects.toThrow(/permission/)
  })
})
