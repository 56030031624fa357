import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { chainActivities } from '../activity/chain-activities.ts'
import { examine } from '../doctor/examine.ts'
import { makeDemo } from './make-demo.ts'

const dayMs = 86_400_000

let product: TestProduct
let demo: Awaited<ReturnType<typeof makeDemo>>
let user: Awaited<ReturnType<typeof asUser>>
let home: string
beforeAll(async () => {
  product = await makeProduct()
  demo = await make()
  user = await asUser(product, { email: demo.email, password: demo.password ?? '' })
  home = `/o/${demo.slug}`
})
afterAll(() => product.close())

/** At one time for every demo of this file, so that no hour begins between two. */
const at = new Date()
const make = () => makeDemo({ ...product.services, now: () => at }, product.database.owner)

async function read<Row>(statement: ReturnType<typeof sql<Row>>): Promise<Row[]> {
  return (await statement.execute(product.database.owner.kysely)).rows
}

describe('the demo', () => {
  test('has a waitlist that 5,000 people joined over sixty days, with a launch day and quiet weekends', async () => {
    const list = textOf((await user.get(`${home}/waitlists`)).html)
    expect(list).toMatch(/Spring launch 5,000 \+\d+/)
    expect(list).toMatch(/Mobile app beta 420 \+\d+/)
    const days = await read<{ day: string; joined: number }>(sql`select day::text, joined from daily_joins
      where waitlist_id = ${demo.waitlistId} order by day`)
    expect(days).toHaveLength(60)
    expect(days.reduce((sum, { joined }) => sum + joined, 0)).toBe(5_000)
    const launch = days[59 - 17]?.joined ?? 0
    const average = (which: typeof days) => which.reduce((sum, { joined }) => sum + joined, 0) / which.length
    const plain = days.slice(1, 40)
    const isWeekend = ({ day }: { day: string }) => [0, 6].includes(new Date(day).getUTCDay())
    expect(launch).toBeGreaterThan(4 * average(plain))
    expect(average(plain.filter(isWeekend))).toBeLessThan(0.75 * average(plain.filter((day) => !isWeekend(day))))
    const [late] = await read<{ count: number }>(
      sql`select count(*) from subscribers where joined_at > now() or added_at > now()`,
    )
    expect(late?.count).toBe(0)
  })

  test('has people who brought many, and many who brought nobody', async () => {
    const counts = await read<{ brought: number }>(sql`select referral_count as brought from subscribers
      where waitlist_id = ${demo.waitlistId} order by referral_count desc`)
    const all = counts.reduce((sum, { brought }) => sum + brought, 0)
    const top = counts.slice(0, Math.round(counts.length / 20)).reduce((sum, { brought }) => sum + brought, 0)
    expect(all).toBeGreaterThan(1_000)
    expect(top / all).toBeGreaterThan(0.4)
    expect(counts[0]?.brought).toBeGreaterThan(20)
    expect(counts.filter(({ brought }) => brought === 0).length / counts.length).toBeGreaterThan(0.5)
  })

  test('has nobody’s address: all are at example.com, .org and .net', async () => {
    const domains = await read<{
      domain: string
    }>(sql`select distinct split_part(canonical_email, '@', 2) as domain from subscribers
      union select distinct split_part(email, '@', 2) from users order by 1`)
    expect(domains.map(({ domain }) => domain)).toEqual(['example.com', 'example.net', 'example.org'])
  })

  test('has three keys with use and a revoked one that was tried again', async () => {
    const page = textOf((await user.get(`${home}/api-keys`)).html)
    for (const row of [/crm-sync Full access/, /website-signup Create only/, /analytics-warehouse Read only/])
      expect(page).toMatch(row)
    expect(page).not.toMatch(/Never Created|Never \d/)
    expect(page).toMatch(/old-landing-page/)
    const tried = textOf((await user.get(`${home}/activity?action=api_key.used_after_revoke`)).html)
    expect(tried).toMatch(/old-landing-page API key was used after it was revoked/)
    const answer = await asApiKey(product, demo.key).get(`/waitlists/${demo.waitlistId}/subscribers?limit=3`)
    expect([answer.status, answer.json.items.length]).toEqual([200, 3])
  })

  test('has members of every role, an import, removals and changes of plan and role, by people and by keys', async () => {
    const members = textOf((await user.get(`${home}/members`)).html)
    for (const name of ['Amara Okafor', 'Mateo Silva', 'Yuki Tanaka', 'Freja Lindqvist', 'Omar Haddad'])
      expect(members).toContain(name)
    const said = async (action: string) => textOf((await user.get(`${home}/activity?action=${action}`)).html)
    expect(await said('plan.changed')).toContain('Amara Okafor changed the plan from Pro to Team')
    expect(await said('member.role_changed')).toContain('changed a role from Member to Admin')
    expect(await said('subscriber.imported')).toContain('Amara Okafor imported subscribers')
    expect(await said('subscriber.removed')).toMatch(
      /Mateo Silva removed a subscriber.*Yuki Tanaka removed a subscriber/,
    )
    expect(await said('subscriber.joined')).toMatch(/website-signup API key added a subscriber/)
    expect(await said('waitlist.archived')).toContain('Yuki Tanaka archived a waitlist')
  })

  test('has a log whose rows are dated over the sixty days, in their order', async () => {
    const rows = await read<{ number: number; occurred_at: Date }>(
      sql`select number, occurred_at from activities order by number`,
    )
    const times = rows.map(({ occurred_at }) => occurred_at.getTime())
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    const span = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / dayMs
    expect(span).toBeGreaterThan(58)
    expect(span).toBeLessThan(60.1)
    expect(times.at(-1)).toBeLessThanOrEqual(Date.now())
    const joined = await read<{ apart: number }>(sql`select count(*) as apart from activities a join subscribers s
      on s.organisation_id = a.organisation_id and s.id::text = a.targets -> 0 ->> 'id'
      where a.action = 'subscriber.joined' and abs(extract(epoch from a.occurred_at - s.joined_at)) > 3 * 3600`)
    expect(joined[0]?.apart).toBe(0)
  })

  test('is sound for the doctor, hashes of its log included', async () => {
    await chainActivities({ ...product.services, db: product.database.jobs })
    const roles = { owner: 'queueup_owner', app: 'queueup_app' }
    const examined = await examine(product.database.jobs, { roles, secrets: product.services.secrets })
    expect(examined.flatMap(({ check, problems }) => problems.map((what) => `${check}: ${what}`))).toEqual([])
  })

  test('leaves the log and the keys protected', async () => {
    for (const statement of [
      sql`update activities set actor_name = 'Eve' where number = 1`,
      sql`update api_keys set name = 'other' where revoked_at is null`,
    ])
      await expect(statement.execute(product.database.owner.kysely)).rejects.toThrow(/never change|immutable/)
  })
})

test('a second demo tells the same story to the number', async () => {
  const story = (slug: string) =>
    read<{ what: string }>(sql`select a.action || ' ' || a.actor_name as what from activities a join organisations o
      on o.id = a.organisation_id where o.slug = ${slug} order by a.number`)
  const emails = (id: string) =>
    read<{ email: string }>(sql`select email from subscribers where waitlist_id = ${id} order by join_number`)
  const again = await make()
  expect(again.slug).not.toBe(demo.slug)
  expect(await story(again.slug)).toEqual(await story(demo.slug))
  expect(await emails(again.waitlistId)).toEqual(await emails(demo.waitlistId))
})
