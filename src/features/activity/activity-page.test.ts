import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { wordsOf } from '../../../test/words-of.ts'
import { revokeApiKey } from '../api-keys/revoke-api-key.ts'
import { setPlan } from '../plans/set-plan.ts'
import { activityList } from './activity.cli.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

interface Row {
  actor: string
  isKey: boolean
  action: string
  target: string
}

/** The rows of the page, as a person reads them. */
function rowsOf(html: string): Row[] {
  const text = (part: string | undefined) =>
    (part ?? '')
      .replace(/<[^>]+>/g, '')
      .replace(/&#39;/g, "'")
      .trim()
  return [...html.matchAll(/<tr id="act_.*?<\/tr>/gs)].map(([row]) => {
    const cell = (label: string) => new RegExp(`<td[^>]*data-label="${label}"[^>]*>(.*?)</td>`, 's').exec(row)?.[1]
    return {
      actor: text(/<bdi>(.*?)<\/bdi>/s.exec(cell('Actor') ?? '')?.[1]),
      isKey: /class="badge[^"]*">API key</.test(cell('Actor') ?? ''),
      action: text(cell('Action')),
      target: text(cell('Target')),
    }
  })
}

/** The log as it would be had everything been done so many days ago. */
async function age({ id }: TestOrganisation, days: number) {
  await product.database.owner.kysely.transaction().execute(async (transaction) => {
    await sql`alter table activities disable trigger protect`.execute(transaction)
    await sql`update activities set occurred_at = occurred_at - ${days} * interval '1 day' where organisation_id = ${id}`.execute(
      transaction,
    )
    await sql`alter table activities enable always trigger protect`.execute(transaction)
  })
}

/** Without a row in the log, which would be a new one. */
async function setPlanOf({ id }: TestOrganisation, plan: string) {
  await product.database.owner.kysely.updateTable('organisations').set({ plan }).where('id', '=', id).execute()
}

async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation, 'Launch')
  const key = await makeApiKey(organisation)
  const user = await asUser(product, organisation.owner)
  const read = async (query = '') => rowsOf((await user.get(`/o/${organisation.slug}/activity${query}`)).html)
  return { organisation, waitlist, key, user, read }
}

test('what a key did stands under its name with a badge, what a person did under theirs, newest first', async () => {
  const { organisation, waitlist, key, read } = await setUp()
  await asApiKey(product, key.secret).post(`/waitlists/${waitlist}/subscribers`, { email: 'ada@example.com' })
  await revokeApiKey(organisation.ctx, key.id)
  const person = organisation.owner.email
  expect(await read()).toEqual([
    { actor: person, isKey: false, action: 'revoked an API key', target: key.name },
    { actor: key.name, isKey: true, action: 'added a subscriber', target: 'ada@example.com · Launch' },
    { actor: person, isKey: false, action: 'created an API key', target: key.name },
    { actor: person, isKey: false, action: 'created a waitlist', target: 'Launch' },
    { actor: person, isKey: false, action: 'created the organisation', target: expect.stringMatching(/\w/) },
  ])
})

test('filters by action, by any key, by one actor and by day', async () => {
  const { waitlist, key, read } = await setUp()
  for (const email of ['a@example.com', 'b@example.com'])
    await asApiKey(product, key.secret).post(`/waitlists/${waitlist}/subscribers`, { email })
  const today = new Date().toISOString().slice(0, 10)
  expect((await read('?action=api_key.created')).map((row) => row.action)).toEqual(['created an API key'])
  expect((await read('?actor=api_key')).map((row) => row.actor)).toEqual([key.name, key.name])
  expect(await read(`?actor=api_key:${key.id}&action=subscriber.joined`)).toHaveLength(2)
  expect(await read(`?from=${today}&until=${today}`)).toHaveLength(5)
  expect(await read('?until=2020-01-01')).toEqual([])
  expect(await read('?from=2999-01-01')).toEqual([])
  expect(await read(`?from=${today}&until=9999-12-31&before=x`)).toHaveLength(5)
})

const mistakes: [query: string, field: string, typed: string, told: RegExp][] = [
  ['from=23/11/2026', 'from', 'value="23/11/2026"', /no such day. Write it like 2026-05-03/],
  ['until=2026-02-31', 'until', 'value="2026-02-31"', /no such day/],
  ['from=2026-05-03&until=2026-05-02', 'until', 'value="2026-05-02"', /before the first day/],
  ['action=nonsense', 'action', '<option value="nonsense" selected', /no such action/],
  ['actor=usr%3Cb%3E', 'actor', '<option value="usr&lt;b&gt;" selected', /no such actor/],
  ["target=a'b", 'target', 'name="target" value="a&#39;b"', /nothing with such an id/],
]

test('a filter with a mistake shows no row: it is told beside its field, and what was typed stays', async () => {
  const { organisation, user } = await setUp()
  const home = `/o/${organisation.slug}/activity`
  for (const [query, field, typed, told] of mistakes) {
    const { status, html } = await user.get(`${home}?${query}&only_api_keys=1`)
    expect([status, rowsOf(html), /Nothing|About|\/export"/.test(html)]).toEqual([422, [], false])
    expect(html).toContain(typed)
    expect(html).toMatch(/name="only_api_keys" value="1" checked/)
    expect(new RegExp(`<p class="problem" id="${field}-problem"[^>]*>(.*?)</p>`).exec(html)?.[1]).toMatch(told)
  }
  expect(textOf((await user.get(home)).html)).toMatch(/From \(UTC\) To \(UTC\)/)
})

test('what a row is about leads to all that was about it, in either place; other filters come on top', async () => {
  const { organisation, waitlist, key, user, read } = await setUp()
  const other = await makeWaitlist(organisation, 'Beta')
  for (const [list, email] of [
    [waitlist, 'ada@example.com'],
    [waitlist, 'bob@example.com'],
    [other, 'cyd@example.com'],
  ])
    await asApiKey(product, key.secret).post(`/waitlists/${list}/subscribers`, { email })
  const { html } = await user.get(`/o/${organisation.slug}/activity`)
  const linkOf = (name: string) =>
    /href="[^"]*(\?target=\w+)"/.exec(new RegExp(`<a [^>]*>\\s*<bdi>${name}<`).exec(html)?.[0] ?? '')?.[1] ?? 'none'
  expect(linkOf('Launch')).toBe(`?target=${waitlist}`)
  expect((await read(linkOf('Launch'))).map((row) => row.target)).toEqual([
    'bob@example.com · Launch',
    'ada@example.com · Launch',
    'Launch',
  ])
  expect((await read(linkOf('ada@example.com'))).map((row) => row.action)).toEqual(['added a subscriber'])
  expect((await read(linkOf(key.name))).map((row) => row.action)).toEqual(['created an API key'])
  expect(await read(`${linkOf('Launch')}&action=waitlist.created`)).toHaveLength(1)
  expect(await read(`${linkOf('Launch')}&only_api_keys=1`)).toHaveLength(2)
  expect(await read(`${linkOf('Launch')}&actor=user:${organisation.owner.id}`)).toHaveLength(1)
  expect(await read('?target=wl_000000000000')).toEqual([])
  const page = await user.get(`/o/${organisation.slug}/activity${linkOf('Launch')}`)
  expect(page.html).toMatch(/About <bdi>Launch<\/bdi> only/)
  expect(page.html).toContain(`<input type="hidden" name="target" value="${waitlist}"/>`)
})

test('only API keys, on top of any actor; people and the system by themselves', async () => {
  const { organisation, waitlist, key, user, read } = await setUp()
  await asApiKey(product, key.secret).post(`/waitlists/${waitlist}/subscribers`, { email: 'ada@example.com' })
  await setPlan({ ...organisation.ctx, actor: { type: 'system', id: null, name: 'System' } }, 'team')
  expect((await read('?only_api_keys=1')).map((row) => row.actor)).toEqual([key.name])
  expect(await read(`?only_api_keys=1&actor=api_key:${key.id}`)).toHaveLength(1)
  expect(await read(`?only_api_keys=1&actor=user:${organisation.owner.id}`)).toEqual([])
  expect((await read(`?actor=user:${organisation.owner.id}`)).map((row) => row.isKey)).toEqual([false, false, false])
  expect((await read('?actor=system')).map((row) => row.actor)).toEqual(['System'])
  const ofSystem = await user.get(`/o/${organisation.slug}/activity?actor=system`)
  expect(textOf(ofSystem.html)).toMatch(/System changed the plan from Pro to Team/)
  expect(await read('?actor=subscriber')).toEqual([])
  const { html } = await user.get(`/o/${organisation.slug}/activity?only_api_keys=1&actor=api_key:${key.id}`)
  expect(html).toMatch(/<input type="checkbox" name="only_api_keys" value="1" checked=""\/>/)
  expect(html).toContain(`<option value="api_key:${key.id}" selected="">${key.name} (API key)</option>`)
  expect(html).toContain(`<option value="user:${organisation.owner.id}">${organisation.owner.email}</option>`)
})

test('a row opens to its details', async () => {
  const { organisation, user } = await setUp()
  await setPlan(organisation.ctx, 'team')
  const page = await user.get(`/o/${organisation.slug}/activity/4`)
  for (const text of ['plan.changed', 'pro', 'team', 'What changed']) expect(page.html).toContain(text)
  for (const odd of ['0', '99', 'x', '1e1'])
    expect((await user.get(`/o/${organisation.slug}/activity/${odd}`)).status).toBe(404)
})

test('pages on to older rows without losing or repeating one', async () => {
  const { waitlist, key, user, organisation } = await setUp()
  const path = `/waitlists/${waitlist}/subscribers`
  await Promise.all(
    Array.from({ length: 130 }, (_, i) => asApiKey(product, key.secret).post(path, { email: `p${i}@example.com` })),
  )
  const numbers: string[] = []
  let next: string | undefined = `/o/${organisation.slug}/activity`
  for (let pages = 0; next && pages < 10; pages++) {
    const { html } = await user.get(next)
    numbers.push(...[...html.matchAll(/\/activity\/(\d+)"/g)].map((match) => match[1] ?? ''))
    next = /<a href="([^"]+)" rel="next">/.exec(html)?.[1]?.replaceAll('&amp;', '&')
  }
  expect(numbers).toEqual(Array.from({ length: 133 }, (_, i) => String(133 - i)))
})

test('rows past the plan are hidden at once, with who did nothing else, and are there again with the plan', async () => {
  const organisation = await makeOrganisation(product, 'team')
  const gone = await makeMember(product, organisation, 'admin')
  const theirs = await asUser(product, gone)
  await theirs.post(`/o/${organisation.slug}/waitlists`, { name: 'Old' })
  await age(organisation, 40)
  const user = await asUser(product, organisation.owner)
  const home = `/o/${organisation.slug}/activity`
  const shown = async (query = '') => {
    const { html } = await user.get(home + query)
    const text = textOf(html.slice(html.indexOf('<main')))
    return { rows: rowsOf(html).length, actors: html.match(/<option value="user:/g)?.length ?? 0, text }
  }
  expect(await shown()).toMatchObject({ rows: 2, actors: 2 })
  await setPlanOf(organisation, 'free')
  const free = await shown()
  expect(free).toMatchObject({ rows: 0, actors: 0 })
  expect(free.text).toContain('Nothing in the last 30 days Older rows are hidden on this plan')
  expect(free.text).toContain('Go to the Plan page')
  expect(free.text).not.toContain('Nothing has happened')
  const ctx = { ...organisation.ctx, organisation: { ...organisation.ctx.organisation, plan: 'free' } }
  expect(await wordsOf(activityList(ctx, { limit: '9' }))).toBe('Nothing in the last 30 days, which this plan shows.\n')
  expect((await shown('?action=waitlist.created')).text).toContain('No activity of the last 30 days matches')
  await setPlanOf(organisation, 'pro')
  expect(await shown()).toMatchObject({ rows: 2, actors: 2 })
})

test('who has deleted their account is found in the filter by the name they had', async () => {
  const organisation = await makeOrganisation(product, 'team')
  const gone = await makeMember(product, organisation, 'admin')
  const theirs = await asUser(product, gone)
  await theirs.post('/account/name', { name: 'Ada Byron' })
  await theirs.post(`/o/${organisation.slug}/waitlists`, { name: 'Hers' })
  await theirs.post('/account/name', { name: 'Ada Lovelace' })
  expect((await theirs.post('/account/delete', { confirmation: gone.email })).status).toBe(303)
  const user = await asUser(product, organisation.owner)
  const { html } = await user.get(`/o/${organisation.slug}/activity?actor=user:${gone.id}`)
  expect(html).toContain(`<option value="user:${gone.id}" selected="">Ada Lovelace</option>`)
  expect(rowsOf(html).map(({ actor }) => actor)).toContain('Ada Byron')
})

test('a member has no nav entry, and the address answers 403', async () => {
  const { organisation } = await setUp()
  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  expect((await member.get(`/o/${organisation.slug}/waitlists`)).html).not.toContain('Activity</a>')
  expect((await member.get(`/o/${organisation.slug}/activity`)).status).toBe(403)
  expect((await member.get(`/o/${organisation.slug}/activity/1`)).status).toBe(403)
})

test("another organisation's rows are never seen", async () => {
  const [mine, other] = [await setUp(), await setUp()]
  expect((await mine.user.get(`/o/${other.organisation.slug}/activity`)).status).toBe(404)
  expect(JSON.stringify(await mine.read(`?actor=api_key:${other.key.id}`))).toBe('[]')
})
