import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  secretKey,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { cliJson } from '../../../test/processes.ts'
import { setPlan } from '../plans/set-plan.ts'
import { archiveWaitlist } from '../waitlists/archive-waitlist.ts'
import { revokeApiKey } from './revoke-api-key.ts'

const writers = 50
let first: TestProduct
let second: TestProduct
/** Where the command line finds the same database. */
let operator: Record<string, string>
beforeAll(async () => {
  first = await makeProduct()
  second = await makeProduct({}, first)
  operator = { DATABASE_URL: first.database.url, DATA_DIR: first.services.config.dataDir, SECRET_KEY: secretKey }
})
afterAll(async () => {
  await second.close()
  await first.close()
})

/** Fifty writers in two processes, and one change under that load: what each was answered, and when the change had returned. */
async function changeUnderLoad(
  organisation: TestOrganisation,
  waitlist: string,
  secret: string,
  change: () => Promise<unknown>,
) {
  let done = false
  let created = 0
  let late: number[] = []
  const statuses = new Set<number>()
  const work = Array.from({ length: writers }, async (_, writer) => {
    const api = asApiKey(writer % 2 === 0 ? first : second, secret)
    for (let i = 0; ; i++) {
      const sentAfter = done
      const answer = await api.post(`/waitlists/${waitlist}/subscribers`, { email: `w${writer}-${i}@example.com` })
      statuses.add(answer.status)
      if (answer.status === 201) created += 1
      if (sentAfter) late.push(answer.status)
      if (answer.status !== 201 || sentAfter) return
    }
  })
  while (created < writers * 2) await new Promise((resolve) => setImmediate(resolve))
  const startedAt = performance.now()
  await change()
  const tookMs = performance.now() - startedAt
  const rowsAtReturn = await countSubscribers(organisation)
  done = true
  const afterwards = await Promise.all(
    [first, second].map((process) => asApiKey(process, secret).get(`/waitlists/${waitlist}/subscribers`)),
  )
  late = late.concat(afterwards.map((answer) => answer.status))
  await Promise.all(work)
  return { tookMs, rowsAtReturn, rowsInTheEnd: await countSubscribers(organisation), created, late, statuses }
}

async function countSubscribers(organisation: TestOrganisation): Promise<number> {
  const { count } = await first.database.owner.kysely
    .selectFrom('subscribers')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('organisation_id', '=', organisation.id)
    .executeTakeFirstOrThrow()
  return count
}

async function setUp() {
  const organisation = await makeOrganisation(first)
  const waitlist = await makeWaitlist(organisation)
  const key = await makeApiKey(organisation)
  return { organisation, waitlist, key }
}

test('after a revoke has returned no row commits and no request succeeds, in either process, and the revoke does not starve', async () => {
  const { organisation, waitlist, key } = await setUp()
  const result = await changeUnderLoad(organisation, waitlist, key.secret, () => revokeApiKey(organisation.ctx, key.id))
  expect(result.rowsInTheEnd).toBe(result.rowsAtReturn)
  expect(result.created).toBe(result.rowsInTheEnd)
  expect(new Set(result.late)).toEqual(new Set([401]))
  expect([...result.statuses].sort()).toEqual([201, 401])
  // The promise that is named in the product; without fair queueing this is over fifteen seconds.
  expect(result.tookMs).toBeLessThan(1_000)
})

test('after a plan drop has returned every answer is 403 feature_not_allowed, and no row commits', async () => {
  const { organisation, waitlist, key } = await setUp()
  const result = await changeUnderLoad(organisation, waitlist, key.secret, () => setPlan(organisation.ctx, 'free'))
  expect(result.rowsInTheEnd).toBe(result.rowsAtReturn)
  expect(new Set(result.late)).toEqual(new Set([403]))
  const answer = await asApiKey(first, key.secret).get('/key')
  expect(answer.json.code).toBe('feature_not_allowed')
})

test('after an archive has returned every answer is 404, and no row commits', async () => {
  const { organisation, waitlist, key } = await setUp()
  const result = await changeUnderLoad(organisation, waitlist, key.secret, () =>
    archiveWaitlist(organisation.ctx, waitlist),
  )
  expect(result.rowsInTheEnd).toBe(result.rowsAtReturn)
  expect(new Set(result.late)).toEqual(new Set([404]))
})

test('every created person of the rush has a place 1 to n, a gapless activity number and the key as actor', async () => {
  const { organisation, waitlist, key } = await setUp()
  await changeUnderLoad(organisation, waitlist, key.secret, () => revokeApiKey(organisation.ctx, key.id))
  const { kysely } = first.database.owner
  const activities = await kysely
    .selectFrom('activities')
    .select(['number', 'action', 'actor_name', 'occurred_at'])
    .where('organisation_id', '=', organisation.id)
    .orderBy('number')
    .execute()
  expect(activities.map((row) => row.number)).toEqual(activities.map((_, i) => i + 1))
  expect(
    activities.every((row, i) => i === 0 || row.occurred_at >= (activities[i - 1]?.occurred_at ?? row.occurred_at)),
  ).toBe(true)
  const joined = activities.filter((row) => row.action === 'subscriber.joined')
  expect(joined).toHaveLength(await countSubscribers(organisation))
  expect(new Set(joined.map((row) => row.actor_name))).toEqual(new Set([key.name]))
  const joins = await kysely
    .selectFrom('subscribers')
    .select('join_number')
    .where('organisation_id', '=', organisation.id)
    .orderBy('join_number')
    .execute()
  expect(joins.map((row) => row.join_number)).toEqual(joins.map((_, i) => i + 1))
})

test.each(['the Plan page', 'the command line'])(
  'during traffic, by %s: every request sent after the drop is 403, every one after the restore 2xx, with the same key',
  async (way) => {
    const { organisation, waitlist, key } = await setUp()
    const owner = await asUser(first, organisation.owner)
    const setPlanBy = async (plan: string) => {
      if (way === 'the Plan page') expect((await owner.post(`/o/${organisation.slug}/plan`, { plan })).status).toBe(303)
      else await cliJson(operator, 'org', 'set-plan', '--org', organisation.slug, '--plan', plan)
    }
    let phase: 'before' | 'dropping' | 'dropped' | 'restoring' | 'restored' = 'before'
    const answers: Record<string, Set<number>> = { before: new Set(), dropped: new Set(), restored: new Set() }
    let stopped = false
    const work = Array.from({ length: 10 }, async (_, writer) => {
      const api = asApiKey(writer % 2 === 0 ? first : second, key.secret)
      for (let i = 0; !stopped; i++) {
        const sentIn = phase
        const answer = await api.post(`/waitlists/${waitlist}/subscribers`, { email: `t${writer}-${i}@example.com` })
        // What was under way while the plan changed may be answered either way.
        if (sentIn === 'dropped' || sentIn === 'restored' ? phase === sentIn : phase === 'before')
          answers[sentIn]?.add(answer.status)
      }
    })
    const until = (name: string) => expect.poll(() => answers[name]?.size, { timeout: 20_000 }).toBeGreaterThan(0)
    await until('before')
    for (const [plan, during, after] of [
      ['free', 'dropping', 'dropped'],
      ['pro', 'restoring', 'restored'],
    ] as const) {
      phase = during
      await setPlanBy(plan)
      phase = after
      await until(after)
    }
    stopped = true
    await Promise.all(work)
    expect(answers).toEqual({ before: new Set([201]), dropped: new Set([403]), restored: new Set([201]) })
  },
)

test('a key sleeps while the plan is below Pro and wakes with it, its scopes, creation and last use as before', async () => {
  const { organisation, key } = await setUp()
  const api = asApiKey(first, key.secret)
  expect((await api.get('/key')).status).toBe(200)
  const row = () =>
    first.database.owner.kysely
      .selectFrom('api_keys')
      .leftJoin('api_key_usage', 'api_key_usage.api_key_id', 'api_keys.id')
      .selectAll('api_keys')
      .select('last_used_at')
      .where('id', '=', key.id)
      .executeTakeFirstOrThrow()
  await expect.poll(async () => (await row()).last_used_at).not.toBeNull()
  const before = await row()
  await setPlan(organisation.ctx, 'free')
  for (let i = 0; i < 5; i++) expect((await api.get('/key')).json.code).toBe('feature_not_allowed')
  await setPlan(organisation.ctx, 'team')
  expect(await row()).toEqual(before)
  expect((await api.get('/key')).json).toMatchObject({ id: key.id, plan: 'team' })
})

test('revoking a revoked key changes nothing and writes no row', async () => {
  const { organisation, key } = await setUp()
  expect(await revokeApiKey(organisation.ctx, key.id)).toMatchObject({ revoked: true })
  expect(await revokeApiKey(organisation.ctx, key.id)).toMatchObject({ revoked: false })
  const rows = await first.database.owner.kysely
    .selectFrom('activities')
    .select('number')
    .where('organisation_id', '=', organisation.id)
    .where('action', '=', 'api_key.revoked')
    .execute()
  expect(rows).toHaveLength(1)
})

test('use of a revoked key is remembered with how often, and logged once', async () => {
  const { organisation, key } = await setUp()
  await revokeApiKey(organisation.ctx, key.id)
  for (let i = 0; i < 4; i++) expect((await asApiKey(i % 2 ? first : second, key.secret).get('/key')).status).toBe(401)
  const { kysely } = first.database.owner
  await expect
    .poll(
      async () =>
        (
          await kysely
            .selectFrom('api_key_usage')
            .select('reuse_count')
            .where('api_key_id', '=', key.id)
            .executeTakeFirst()
        )?.reuse_count,
    )
    .toBe(4)
  const rows = await kysely
    .selectFrom('activities')
    .select(['actor_type', 'actor_name'])
    .where('organisation_id', '=', organisation.id)
    .where('action', '=', 'api_key.used_after_revoke')
    .execute()
  expect(rows).toEqual([{ actor_type: 'api_key', actor_name: key.name }])
})
