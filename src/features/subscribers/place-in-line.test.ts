import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { inTransaction } from '../../platform/context.ts'
import type { Tables } from '../../platform/db/tables.ts'
import { joinOpenWaitlist } from './add-subscriber.ts'
import { parseEmailAddress } from './email-address.ts'
import { listSubscribers } from './list-subscribers.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

interface Person {
  join: number
  email: string
  score: number
  state: 'active' | 'pending'
}

/** The slow, obvious way. */
function placesOf(people: Person[]): Map<string, number | null> {
  const line = people
    .filter((person) => person.state === 'active')
    .sort((a, b) => a.join - a.score - (b.join - b.score) || a.join - b.join)
  return new Map(people.map((person) => [person.email, person.state === 'active' ? line.indexOf(person) + 1 : null]))
}

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('join' as const), people: fc.integer({ min: 1, max: 700 }) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('move' as const), who: fc.nat(), by: fc.integer({ min: 1, max: 400 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('remove' as const),
        who: fc.nat(),
        people: fc.integer({ min: 1, max: 80 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pending' as const), who: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('confirm' as const), who: fc.nat() }) },
  ),
  { minLength: 2, maxLength: 14 },
)

test('places are those of the slow, obvious way, whatever happened, on every page', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 200 }), async (history, limit) => {
      const organisation = await makeOrganisation(product, 'team')
      const waitlist = await makeWaitlist(organisation)
      const { kysely } = product.database.owner
      let people: Person[] = []
      let lastJoin = 0
      const pick = (n: number) => people[n % Math.max(1, people.length)]
      for (const step of history) {
        if (step.kind === 'join') {
          const rows = Array.from({ length: step.people }, (_, i) => ({
            email: `p${lastJoin + i + 1}@example.com`,
            join: lastJoin + i + 1,
          }))
          const joins = rows
            .flatMap(({ email }) => parseEmailAddress(email) ?? [])
            .map((email) => ({ email, joinedAt: null }))
          await inTransaction(organisation.ctx, (ctx) => joinOpenWaitlist(ctx, waitlist, joins, { logged: false }))
          people = people.concat(rows.map((row) => ({ ...row, score: 0, state: 'active' as const })))
          lastJoin += step.people
        } else if (step.kind === 'remove') {
          const from = step.who % Math.max(1, people.length)
          const gone = people.splice(from, step.people)
          await sql`delete from subscribers where waitlist_id = ${waitlist} and join_number = any(${gone.map((person) => person.join)}::bigint[])`.execute(
            kysely,
          )
        } else {
          const person = pick(step.who)
          if (!person) continue
          if (step.kind === 'move') person.score += step.by
          if (step.kind === 'pending') person.state = 'pending'
          if (step.kind === 'confirm') person.state = 'active'
          await change(kysely, waitlist, person)
        }
      }
      const expected = placesOf(people)
      const pages = Math.ceil(people.length / limit)
      const seen: [string, number | null][] = []
      for (let page = 1; page <= pages + 1; page++) {
        const { items, total } = await listSubscribers(organisation.ctx, waitlist, { page, limit, needle: '' })
        expect(total).toBe(people.length)
        for (const item of items) seen.push([item.email, item.position])
      }
      expect(seen).toEqual(
        [...people].sort((a, b) => a.join - b.join).map((person) => [person.email, expected.get(person.email) ?? null]),
      )
      const { items } = await listSubscribers(organisation.ctx, waitlist, { page: 1, limit: 200, needle: '9@' })
      for (const item of items) expect(item.position).toBe(expected.get(item.email))
    }),
    { numRuns: 25 },
  )
})

function change(kysely: Kysely<Tables>, waitlist: string, person: Person) {
  return kysely
    .updateTable('subscribers')
    .set({ priority_score: person.score, state: person.state })
    .where('waitlist_id', '=', waitlist)
    .where('join_number', '=', person.join)
    .execute()
}

test('referral codes lead back to their join numbers, in any case, and never collide', async () => {
  const { rows } = await sql<{ distinct: number; wrong: number }>`
    with codes as (select n, referral_code('\\x0123456789abcdef', n) as code from generate_series(1, 20000) n)
    select count(distinct code) as distinct,
           count(*) filter (where referral_join_number('\\x0123456789abcdef', lower(code)) is distinct from n or code !~ '^[2-9A-HJKMNP-Z]{6}$') as wrong
    from codes`.execute(product.database.owner.kysely)
  expect(rows).toEqual([{ distinct: 20_000, wrong: 0 }])
})
