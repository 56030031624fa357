import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/app.tsx'
import { activityList } from '../src/features/activity/activity.cli.ts'
import { keyList } from '../src/features/api-keys/api-keys.cli.ts'
import { orgList } from '../src/features/organisations/organisations.cli.ts'
import { waitlistList } from '../src/features/waitlists/waitlists.cli.ts'
import { printList } from '../src/platform/cli/command-list.ts'
import { asUser } from './as.ts'
import { crowd, crowded, thousands } from './crowd.ts'
import { makeOrganisation, makeProduct, type TestOrganisation, type TestProduct } from './make.ts'
import { costOf, watchQueries } from './page-cost.ts'
import { textOf } from './people.ts'
import { waysOn } from './ways-on.ts'

let product: TestProduct
let organisation: TestOrganisation
let user: Awaited<ReturnType<typeof asUser>>
let waitlistId: string
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  user = await asUser(product, organisation.owner)
  ;({ waitlistId } = await crowd(product, organisation))
})
afterAll(() => product.close())

/** Every page of a person's account and of an organisation, by the route that answers it. */
function allPaths(): [route: string, path: string][] {
  const home = `/o/${organisation.slug}`
  const waitlist = `${home}/waitlists/${waitlistId}`
  const one = `/o/:slug/waitlists/:id`
  return [
    ['/account', '/account'],
    ['/account/delete', '/account/delete'],
    ['/account/two-factor', '/account/two-factor'],
    ['/account/two-factor/new', '/account/two-factor/new'],
    ['/account/two-factor/off', '/account/two-factor/off'],
    ['/account/two-factor/recovery-codes', '/account/two-factor/recovery-codes'],
    ['/organisations', '/organisations'],
    ['/organisations', '/organisations?page=40&after=org_c1500'],
    ['/organisations/new', '/organisations/new'],
    ['/o/:slug/waitlists', `${home}/waitlists`],
    ['/o/:slug/waitlists', `${home}/waitlists?page=100&after=wl_c5000`],
    ['/o/:slug/waitlists', `${home}/waitlists?page=100&before=wl_c5000`],
    ['/o/:slug/waitlists', `${home}/waitlists?show=archived`],
    ['/o/:slug/waitlists', `${home}/waitlists?q=launch`],
    ['/o/:slug/waitlists/new', `${home}/waitlists/new`],
    [one, waitlist],
    [one, `${waitlist}?sort=position&page=20`],
    [`${one}/add`, `${waitlist}/add`],
    [`${one}/archive`, `${waitlist}/archive`],
    [`${one}/setup`, `${waitlist}/setup`],
    [`${one}/import`, `${waitlist}/import`],
    [`${one}/import`, `${waitlist}/import?page=50&after=imp_c1000`],
    [`${one}/import/:import`, `${waitlist}/import/imp_c1`],
    [`${one}/import/:import/cancel`, `${waitlist}/import/imp_c1/cancel`],
    [`${one}/subscribers/:subscriber`, `${waitlist}/subscribers/1`],
    [`${one}/subscribers/:subscriber/remove`, `${waitlist}/subscribers/1/remove`],
    ['/o/:slug/api-keys', `${home}/api-keys`],
    [
      '/o/:slug/api-keys',
      `${home}/api-keys?page=9&after=key_c900&show=revoked&revoked_page=50&revoked_after=key_c7000`,
    ],
    ['/o/:slug/api-keys/new', `${home}/api-keys/new`],
    ['/o/:slug/api-keys/:id/revoke', `${home}/api-keys/key_c1/revoke`],
    ['/o/:slug/activity', `${home}/activity`],
    ['/o/:slug/activity', `${home}/activity?actor=user:usr_c300&before=4000`],
    ['/o/:slug/activity', `${home}/activity?who=person`],
    ['/o/:slug/activity/:number', `${home}/activity/4000`],
    ['/o/:slug/members', `${home}/members`],
    ['/o/:slug/members', `${home}/members?page=80&after=usr_c5000&invited_page=60&invited_after=inv_c1200`],
    ['/o/:slug/members', `${home}/members?q=person`],
    ['/o/:slug/members/transfer', `${home}/members/transfer`],
    ['/o/:slug/members/transfer', `${home}/members/transfer?who=person`],
    ['/o/:slug/members/:id/remove', `${home}/members/usr_c4/remove`],
    ['/o/:slug/settings', `${home}/settings`],
    ['/o/:slug/settings/slug', `${home}/settings/slug`],
    ['/o/:slug/settings/delete', `${home}/settings/delete`],
    ['/o/:slug/deleted', `${home}/deleted`],
    ['/o/:slug/plan', `${home}/plan`],
    ['/o/:slug/plan/switch/:plan', `${home}/plan/switch/free`],
  ]
}

test('no page grows with the organisation: few statements, few rows read, few shown, few bytes, with thousands of everything', async () => {
  const routes = createApp(product.services)
    .routes.filter(({ method, path }) => method === 'GET' && /^\/(account|organisations|o\/)/.test(path))
    .map(({ path }) => path)
  const listed = new Set(allPaths().map(([route]) => route))
  expect(routes.filter((route) => !listed.has(route) && !route.endsWith('.csv'))).toEqual([])

  const beyond: unknown[] = []
  for (const [, path] of allPaths()) {
    let html = ''
    const cost = await costOf(product, organisation.id, async () => {
      const answer = await user.get(path)
      if (![200, 303].includes(answer.status)) throw new Error(`${path}: ${answer.status} ${textOf(answer.html)}`)
      html = answer.html
    })
    const shown = html.match(/<(tr|option|li)\b/g)?.length ?? 0
    const bytes = Buffer.byteLength(html)
    // Who searches has every name looked at, once.
    const mostRead = /[?](q|who)=/.test(path) ? 5 * crowded : 5_000
    if (cost.statements > 60 || cost.received > 1_000 || cost.read > mostRead || shown > 400 || bytes > 150_000)
      beyond.push({ path, ...cost, shown, bytes })
  }
  expect(beyond).toEqual([])
})

test('what is not counted to the end says so', async () => {
  const home = `/o/${organisation.slug}`
  const text = async (path: string) => textOf((await user.get(path)).html)
  expect(await text(`${home}/waitlists`)).toContain('1–50 of more than 10,000 waitlists')
  expect(await text(`${home}/members`)).toContain('1–50 of more than 10,000 members')
  expect(await text(`${home}/api-keys`)).toContain('Revoked keys (more than 10,000)')
  expect(await text(`${home}/plan`)).toContain('Unlimited (more than 10,000 used)')
  expect(await text('/account')).toContain('These are the 100 that were seen last.')
  expect(await text('/account')).toContain('These are the 20 you joined last. All your organisations')
})

/** Those of the page, not of the menu above it. */
const names = (html: string) =>
  [...html.slice(html.indexOf('<main')).matchAll(/<bdi>(Launch \d+|Crowd \d+)<\/bdi>/g)].map(([, name]) => name ?? '')

test('waitlists that are searched for are leafed through forth and back, each seen once, with what was typed kept', async () => {
  const pages: string[][] = []
  let path: string | undefined = `/o/${organisation.slug}/waitlists?q=LAUNCH+99`
  const paths: string[] = []
  while (path && pages.length < 9) {
    const { html } = await user.get(path)
    expect(html).toContain('value="LAUNCH 99"')
    pages.push(names(html))
    paths.push(path)
    path = waysOn(html).Next
  }
  const expected = Array.from({ length: crowded }, (_, i) => `Launch ${i + 1}`).filter((name) => /Launch 99/.test(name))
  expect(pages.flat()).toEqual(expected)
  expect(pages.map((page) => page.length)).toEqual([50, 50, 11])
  const last = (await user.get(paths.at(-1) ?? '')).html
  expect(textOf(last)).toContain('101–111 of 111 waitlists found')
  const back = (await user.get(waysOn(last).Previous ?? '')).html
  expect([names(back), textOf(back).includes('51–100 waitlists found')]).toEqual([pages[1], true])
  expect(names((await user.get(waysOn(back).Previous ?? '')).html)).toEqual(pages[0])
})

test('archived waitlists stand apart, and are searched apart', async () => {
  const home = `/o/${organisation.slug}/waitlists`
  const archived = (await user.get(`${home}?show=archived`)).html
  expect(names(archived)[0]).toBe(`Launch ${crowded + 1}`)
  expect(textOf(archived)).toContain('1–50 of 3,000 archived waitlists')
  const next = (await user.get(waysOn(archived).Next ?? '')).html
  expect(names(next)[0]).toBe(`Launch ${crowded + 51}`)
  const inUse = (await user.get(`${home}?q=Launch+${crowded + 1}`)).html
  expect([names(inUse), textOf(inUse).includes('Search the archived ones')]).toEqual([[], true])
  expect(names((await user.get(`${home}?q=Launch+${crowded + 1}&show=archived`)).html)).toHaveLength(1)
})

test('members are found by a part of their name or address, and what is done to one leads back to where they were found', async () => {
  const home = `/o/${organisation.slug}/members`
  const found = (await user.get(`${home}?q=PERSON777@`)).html
  expect(found.match(/id="remove-(\w+)"/g)).toEqual(['id="remove-usr_c777"'])
  expect((await user.get(`${home}?q=person+777`)).html).toContain('id="remove-usr_c7770"')
  const done = await user.post(`${home}/usr_c777/role?q=PERSON777@`, { role: 'member' })
  expect(done.location).toBe(`${home}?q=PERSON777%40&done=role`)
  const dialog = (await user.get(`${home}/usr_c777/remove?q=PERSON777@`)).html
  expect(dialog).toContain(`action="${home}/usr_c777/remove?q=PERSON777%40"`)
  const first = (await user.get(home)).html
  expect(first.match(/<option value="owner" selected/g)).toHaveLength(50)
  const next = (await user.get(waysOn(first, 'Pages of members').Next ?? '')).html
  expect(textOf(next)).toContain('51–100 of more than 10,000 members')
})

test('a new owner is searched for where the members are too many to choose among', async () => {
  const transfer = `/o/${organisation.slug}/members/transfer`
  expect(textOf((await user.get(transfer)).html)).toContain('There are more than the 50 to choose from here')
  const found = (await user.get(`${transfer}?who=person4321@`)).html
  expect(found.match(/<option value="usr_\w+">/g)).toEqual(['<option value="usr_c4321">'])
  expect(textOf((await user.get(`${transfer}?who=nobody+like+this`)).html)).toContain('contains “nobody like this”')
})

test('the log is filtered by an actor who is searched for, and the one that is chosen stays by name', async () => {
  const home = `/o/${organisation.slug}/activity`
  const start = (await user.get(home)).html
  expect(start.match(/<option value="user:/g)).toHaveLength(100)
  expect(start).not.toContain('value="user:usr_c300"')
  expect(textOf(start)).toContain('up to 100 people and 100 keys')
  const found = (await user.get(`${home}?who=person300@`)).html
  expect(found.match(/<option value="(user|api_key):\w+"/g)).toEqual(['<option value="user:usr_c300"'])
  const chosen = (await user.get(`${home}?actor=user%3Ausr_c300`)).html
  expect(chosen).toContain('<option value="user:usr_c300" selected="">Somebody 300</option>')
})

test('somebody in thousands of organisations finds one by its name, and sees few in the menu', async () => {
  const { html } = await user.get('/organisations?q=crowd+2999')
  expect(names(html)).toEqual(['Crowd 2999'])
  const menu = (await user.get(`/o/${organisation.slug}/settings`)).html.split('</header>')[0] ?? ''
  expect(menu.match(/href="\/o\/crowd-\d+\/waitlists"/g)).toHaveLength(20)
  expect(menu).toContain('href="/organisations"')
})

test('earlier imports and invitations are leafed through', async () => {
  const home = `/o/${organisation.slug}`
  const imports = (await user.get(`${home}/waitlists/${waitlistId}/import`)).html
  const earlier = (await user.get(waysOn(imports, 'Pages of imports').Next ?? '')).html
  expect(textOf(earlier)).toContain('21–40 imports')
  expect(earlier).toContain('/import/imp_c30"')
  const members = (await user.get(`${home}/members`)).html
  const invited = (await user.get(waysOn(members, 'Pages of invitations').Next ?? '')).html
  expect([textOf(invited).includes('21–40 invitations'), invited.includes('invited21@')]).toEqual([true, true])
})

test('lists of the command line come in pieces, and hold everything', async () => {
  const lists = [
    [waitlistList(organisation.ctx), crowded + thousands + 1],
    [keyList(organisation.ctx), crowded + 2_000],
    [activityList(organisation.ctx, { limit: '5000' }), 5_000],
    [orgList(product.services), thousands + 1],
  ] as const
  for (const [list, count] of lists) {
    let text = ''
    for await (const piece of printList(list, true)) {
      expect(piece.length).toBeLessThan(600_000)
      text += piece
    }
    const { items } = JSON.parse(text) as { items: { id: string }[] }
    expect(new Set(items.map(({ id }) => id)).size).toBe(count)
  }
})

test('an export reads no table at once', async () => {
  const headers = { Cookie: user.cookie(), Origin: product.url }
  const asked = await watchQueries(async () => {
    const answer = await fetch(`${product.url}/o/${organisation.slug}/settings/export`, { method: 'POST', headers })
    await answer.arrayBuffer()
  })
  expect(Math.max(...asked.map(({ rows }) => rows))).toBe(1_000)
  expect(asked.reduce((sum, { rows }) => sum + rows, 0)).toBeGreaterThan(6 * crowded)
})

test('thousands of owners are told by a few statements', async () => {
  const asked = await watchQueries(async () => {
    expect((await user.post(`/o/${organisation.slug}/plan`, { plan: 'free' })).status).toBe(303)
  })
  expect(asked.length).toBeLessThan(60)
  const { count } = await product.database.owner.kysely
    .selectFrom('queued_jobs')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  expect(count).toBeGreaterThanOrEqual(Math.floor(crowded / 4))
})
