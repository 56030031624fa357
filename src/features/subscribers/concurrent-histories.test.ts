import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import {
  makeApiKey,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { inTransaction } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { revokeApiKey } from '../api-keys/revoke-api-key.ts'
import { archiveWaitlist, restoreWaitlist } from '../waitlists/archive-waitlist.ts'
import { removeSubscriber } from './remove-subscriber.ts'

let first: TestProduct
let second: TestProduct
beforeAll(async () => {
  first = await makeProduct()
  second = await makeProduct({}, first)
  // Who joined with whose help, the removed included.
  await sql`create table helped (waitlist_id text, canonical_email text)`.execute(first.database.owner.kysely)
  await sql`create function note_helped() returns trigger language plpgsql security definer set search_path = public as $$
    begin insert into helped values (new.waitlist_id, new.canonical_email); return null; end $$`.execute(
    first.database.owner.kysely,
  )
  await sql`create trigger note_helped after insert on subscribers for each row when (new.referred_by is not null)
    execute function note_helped()`.execute(first.database.owner.kysely)
})
afterAll(async () => {
  await second.close()
  await first.close()
})

const act = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('join' as const), who: fc.nat(59), by: fc.option(fc.nat()) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('list' as const), page: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), who: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('return' as const), who: fc.nat(), by: fc.option(fc.nat()) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unconfirm' as const), who: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('archive' as const) }) },
)
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never

/** Everybody of a waitlist as one plain statement over the whole table sees them: the slow, obvious way. */
async function everybody(waitlist: string) {
  const { rows } = await sql<{ id: string; email: string; position: number | null; referral_count: number }>`
    select id::text, email, referral_count, case when state = 'active' then
        row_number() over (partition by state order by join_number - priority_score, join_number) end as position
    from subscribers where waitlist_id = ${waitlist} order by join_number`.execute(first.database.owner.kysely)
  return rows
}

/** Ranges whose counts are not those of the rows in them. */
async function wrongCounts(waitlist: string) {
  const { rows } = await sql`
    with rows as (
      select join_number as number, 1 as listed, (state = 'active' and priority_score = 0)::integer as unmoved, 0 as moved
        from subscribers where waitlist_id = ${waitlist}
      union all
      select line_key, 0, 0, 1 from subscribers where waitlist_id = ${waitlist} and state = 'active' and priority_score > 0
    ), counted as (
      select level, number >> (6 * level) as bucket, sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved
      from rows, generate_series(1, 4) level group by 1, 2
    )
    select * from counted c full join (select * from line_counts where waitlist_id = ${waitlist}) kept using (level, bucket)
    where (coalesce(c.listed, 0), coalesce(c.unmoved, 0), coalesce(c.moved, 0))
       <> (coalesce(kept.listed, 0), coalesce(kept.unmoved, 0), coalesce(kept.moved, 0))`.execute(
    first.database.owner.kysely,
  )
  return rows
}

async function runTogether(organisation: TestOrganisation, waitlist: string, acts: Act[]) {
  const key = await makeApiKey(organisation)
  const apis = [asApiKey(first, key.secret), asApiKey(second, key.secret)]
  const path = `/waitlists/${waitlist}/subscribers`
  const before = await everybody(waitlist)
  const codes = await sql<{ referral_code: string }>`
    select referral_code from subscribers where waitlist_id = ${waitlist}`.execute(first.database.owner.kysely)
  let created = 0
  await Promise.all(
    acts.map(async (act, i) => {
      const api = apis[i % 2] ?? asApiKey(first, key.secret)
      const somebody = 'who' in act ? before[act.who % Math.max(1, before.length)] : undefined
      const join = async (email: string, by: number | null) => {
        const code = by === null ? undefined : codes.rows[by % Math.max(1, codes.rows.length)]?.referral_code
        const { status } = await api.post(path, { email, ...(code ? { referral_code: code } : {}) })
        expect([201, 200, 401, 404]).toContain(status)
        if (status === 201) created += 1
      }
      if (act.kind === 'join') {
        await join(`p${act.who}@example.com`, act.by)
      } else if (act.kind === 'return' && somebody) {
        await removeSubscriber(organisation.ctx, waitlist, somebody.id).catch(unlessRefused)
        await join(somebody.email, act.by)
      } else if (act.kind === 'list') {
        const answer = await api.get(`${path}?limit=20&page=${act.page}`)
        expect([200, 401, 404]).toContain(answer.status)
        const places = (answer.json.items ?? []).flatMap((item: { position: number | null }) => item.position ?? [])
        expect(new Set(places).size).toBe(places.length)
      } else if (act.kind === 'remove' && somebody) {
        await removeSubscriber(organisation.ctx, waitlist, somebody.id).catch(unlessRefused)
      } else if (act.kind === 'unconfirm' && somebody) {
        await inTransaction(organisation.ctx, (ctx) =>
          sql`update subscribers set state = 'pending' where organisation_id = ${organisation.id}
                and waitlist_id = ${waitlist} and id = ${somebody.id}::bigint and referred_by is null`.execute(ctx.sql),
        )
      } else if (act.kind === 'revoke') {
        await revokeApiKey(organisation.ctx, key.id)
        expect((await api.post(path, { email: 'late@example.com' })).status).toBe(401)
      } else if (act.kind === 'archive') {
        await archiveWaitlist(organisation.ctx, waitlist).catch(unlessRefused)
        await restoreWaitlist(organisation.ctx, waitlist).catch(unlessRefused)
      }
    }),
  )
  return created
}

/** Somebody may be gone already, and a waitlist archived. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof AppError)) throw error
}

test('whatever happens at the same time, pages, places, counts and the log are those of the slow, obvious way', async () => {
  const rounds = fc.array(fc.array(act, { minLength: 8, maxLength: 40 }), { minLength: 2, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(rounds, async (history) => {
      const organisation = await makeOrganisation(first, 'team')
      const waitlist = await makeWaitlist(organisation)
      const reader = asApiKey(first, (await makeApiKey(organisation)).secret)
      let created = 0
      for (const acts of history) {
        created += await runTogether(organisation, waitlist, acts)
        const all = await everybody(waitlist)
        const seen = []
        for (let page = 1; page <= Math.ceil(all.length / 7) + 1; page++) {
          const { json } = await reader.get(`/waitlists/${waitlist}/subscribers?limit=7&page=${page}`)
          expect(json.total).toBe(all.length)
          for (const { id, email, position, referral_count } of json.items)
            seen.push({ id, email, position, referral_count })
        }
        expect(seen).toEqual(all)
        expect(await wrongCounts(waitlist)).toEqual([])
      }
      const { rows } = await sql<{ number: number; action: string }>`
        select number, action from activities where organisation_id = ${organisation.id} order by number`.execute(
        first.database.owner.kysely,
      )
      expect(rows.map(({ number }) => number)).toEqual(rows.map((_, i) => i + 1))
      const logged = (name: string) => rows.filter(({ action }) => action === name).length
      expect(logged('subscriber.joined')).toBe(created)
      expect(await everybody(waitlist)).toHaveLength(created - logged('subscriber.removed'))
      const helped = await sql<{ canonical_email: string }>`
        select canonical_email from helped where waitlist_id = ${waitlist}`.execute(first.database.owner.kysely)
      const names = helped.rows.map((row) => row.canonical_email)
      expect(names.toSorted()).toEqual([...new Set(names)].sort())
    }),
    { numRuns: 20, endOnFailure: true },
  )
})
