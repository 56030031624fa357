import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { setPlan } from '../plans/set-plan.ts'
import type { ActivityChanges } from './activity.ts'
import { activityInWords } from './activity-in-words.ts'
import { listActivities } from './list-activities.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product)
  return { organisation, user: await asUser(product, organisation.owner) }
}

/** A column of the page, as a person reads it. */
function cellsOf(html: string, label: string): string[] {
  return [...html.matchAll(new RegExp(`<td[^>]*data-label="${label}"[^>]*>(.*?)</td>`, 'gs'))].map(([, cell]) =>
    textOf(cell ?? '').trim(),
  )
}

test('only a key has a badge: System and Stripe are plain names', async () => {
  const { organisation, user } = await setUp()
  for (const [name, plan] of [
    ['System', 'free'],
    ['Stripe', 'team'],
  ] as const)
    await setPlan({ ...organisation.ctx, actor: { type: 'system', id: null, name } }, plan)
  const { html } = await user.get(`/o/${organisation.slug}/activity?actor=system`)
  expect(cellsOf(html, 'Actor')).toEqual(['Stripe', 'System'])
  expect(html).not.toMatch(/<table.*class="badge/s)
  const details = await user.get(`/o/${organisation.slug}/activity/3`)
  expect(details.html).not.toMatch(/<main.*class="badge/s)
})

test('a change of plan or role says from what to what, on the page, in the details and in the CSV', async () => {
  const { organisation, user } = await setUp()
  const member = await makeMember(product, organisation, 'member')
  const home = `/o/${organisation.slug}`
  await setPlan(organisation.ctx, 'free')
  await setPlan(organisation.ctx, 'pro')
  expect((await user.post(`${home}/members/${member.id}/role`, { role: 'admin' })).status).toBe(303)
  const said = [
    'changed a role from Member to Admin',
    'changed the plan from Free to Pro',
    'changed the plan from Pro to Free',
  ]
  expect(cellsOf((await user.get(`${home}/activity`)).html, 'Action').slice(0, 3)).toEqual(said)
  const { items } = await listActivities(organisation.ctx, { limit: 1, keptDays: null })
  const details = await user.get(`${home}/activity/${items[0]?.number}`)
  expect(textOf(details.html)).toContain('changed a role from Member to Admin')
  const csv = (await user.post(`${home}/activity/export`, { format: 'csv' })).html
  const rows = parse(csv, { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[]
  expect(rows.slice(0, 3).map(({ summary }) => summary)).toEqual(said)
  expect(rows.at(-1)?.summary).toBe('created the organisation')
})

test('a change of plan without both plans in its row says so in fewer words', () => {
  const say = (changes: ActivityChanges | null) => activityInWords({ action: 'plan.changed', changes })
  for (const changes of [null, {}, { after: { plan: 'pro' } }, { before: { plan: 1 }, after: { plan: '' } }])
    expect(say(changes)).toBe('changed the plan')
  expect(say({ before: { plan: 'basic' }, after: { plan: 'pro' } })).toBe('changed the plan from basic to Pro')
})
