import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { createWaitlist } from '../waitlists/create-waitlist.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const dayMs = 86_400_000
const daysAgo = (days: number) => new Date(Date.now() - days * dayMs).toISOString().slice(0, 10)

/** A log with a row of today, 6, 7, 29 and 30 days ago, made from the newest to the oldest. */
async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  for (const days of [30, 29, 7, 6]) await createWaitlist(organisation.ctx, { name: `${days} days` })
  await product.database.owner.kysely.transaction().execute(async (transaction) => {
    await sql`alter table activities disable trigger protect`.execute(transaction)
    await sql`update activities set occurred_at = occurred_at - interval '40 days' where organisation_id = ${organisation.id}
      and number = 1`.execute(transaction)
    await sql`update activities set occurred_at = occurred_at - split_part(targets->0->>'name', ' ', 1)::int * interval '1 day'
      where organisation_id = ${organisation.id} and action = 'waitlist.created'`.execute(transaction)
    await sql`alter table activities enable always trigger protect`.execute(transaction)
  })
  await createWaitlist(organisation.ctx, { name: 'today' })
  const user = await asUser(product, organisation.owner)
  return { home: `/o/${organisation.slug}/activity`, user, ownerId: organisation.owner.id }
}

/** The quick ranges of a page: where each leads, and which are marked. */
function rangesOf(html: string) {
  const nav = /<nav class="ranges".*?<\/nav>/s.exec(html)?.[0] ?? ''
  const links = [...nav.matchAll(/<a href="([^"]*)"([^>]*)>([^<]*)</g)]
  return {
    marked: links.filter(([, , rest]) => rest?.includes('aria-current="true"')).map(([, , , label]) => label),
    href: (label: string) => (links.find(([, , , text]) => text === label)?.[1] ?? 'none').replaceAll('&amp;', '&'),
  }
}

const targetsOf = (html: string) =>
  [...html.matchAll(/<td data-label="Target">.*?<bdi>(.*?)<\/bdi>/gs)].map(([, name]) => name)

test('Today, Last 7 days and Last 30 days are links that show whole days and are marked once they are followed', async () => {
  const { home, user } = await setUp()
  const start = rangesOf((await user.get(home)).html)
  expect(start.marked).toEqual(['Any time'])
  const follow = async (label: string) => {
    const { html } = await user.get(start.href(label))
    return { marked: rangesOf(html).marked, targets: targetsOf(html) }
  }
  expect(start.href('Last 7 days')).toBe(`${home}?from=${daysAgo(6)}&until=${daysAgo(0)}`)
  expect(await follow('Today')).toEqual({ marked: ['Today'], targets: ['today'] })
  expect(await follow('Last 7 days')).toEqual({ marked: ['Last 7 days'], targets: ['today', '6 days'] })
  expect(await follow('Last 30 days')).toEqual({
    marked: ['Last 30 days'],
    targets: ['today', '6 days', '7 days', '29 days'],
  })
  const some = rangesOf((await user.get(`${home}?from=${daysAgo(3)}&until=${daysAgo(1)}`)).html)
  expect(some.marked).toEqual([])
})

test('a quick range keeps the other filters and begins at the newest row', async () => {
  const { home, user, ownerId } = await setUp()
  const query = `action=waitlist.created&actor=user:${ownerId}&who=owner&from=2026-13-40&before=3`
  const { html } = await user.get(`${home}?${query}`)
  const address = new URL(rangesOf(html).href('Last 7 days'), 'http://localhost')
  expect(Object.fromEntries(address.searchParams)).toEqual({
    action: 'waitlist.created',
    actor: `user:${ownerId}`,
    who: 'owner',
    from: daysAgo(6),
    until: daysAgo(0),
  })
  expect(targetsOf((await user.get(address.pathname + address.search)).html)).toEqual(['today', '6 days'])
  const anyTime = new URL(rangesOf(html).href('Any time'), 'http://localhost')
  expect([...anyTime.searchParams.keys()]).toEqual(['action', 'actor', 'who'])
})
