import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { log } from '../../../test/people.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import { contextOf } from './organisations.cli.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const fresh = () => `new-${randomBase62(8).toLowerCase()}`

async function setUp() {
  const organisation = await makeOrganisation(product)
  const owner = await asUser(product, organisation.owner)
  const move = (slug: string, from = organisation.slug) => owner.post(`/o/${from}/settings/slug`, { slug })
  return { organisation, owner, move, old: organisation.slug }
}

test('after a change every earlier address leads its members to the new one, pages and forms alike', async () => {
  const { organisation, owner, move, old } = await setUp()
  const waitlist = await makeWaitlist(organisation)
  const [second, third] = [fresh(), fresh()]
  expect((await move(` ${second.toUpperCase()} `)).location).toBe(`/o/${second}/settings?saved=slug`)
  expect((await move(third, second)).location).toBe(`/o/${third}/settings?saved=slug`)
  for (const earlier of [old, second]) {
    const moved = await owner.get(`/o/${earlier}/waitlists/${waitlist}?q=a%20b&sort=-joined`)
    expect([moved.status, moved.location]).toEqual([302, `/o/${third}/waitlists/${waitlist}?q=a%20b&sort=-joined`])
    const form = await owner.post(`/o/${earlier}/waitlists/${waitlist}/add`, { email: 'a@example.com' })
    expect([form.status, form.location]).toEqual([307, `/o/${third}/waitlists/${waitlist}/add`])
    expect((await contextOf(product.services, earlier)).organisation.slug).toBe(third)
  }
  expect((await owner.get('/')).location).toBe(`/o/${third}/waitlists`)
  const rows = (await log(product, `/o/${third}`)).filter(({ action }) => action === 'organisation.updated')
  expect(rows.map(({ changes }) => changes)).toEqual([
    { before: { slug: old }, after: { slug: second } },
    { before: { slug: second }, after: { slug: third } },
  ])
  // Back to an earlier one, which is still its own; the same again changes nothing.
  expect((await move(old, third)).location).toBe(`/o/${old}/settings?saved=slug`)
  expect((await move(old)).status).toBe(303)
  expect((await owner.get(`/o/${third}/waitlists`)).location).toBe(`/o/${old}/waitlists`)
  expect((await log(product, `/o/${old}`)).filter(({ action }) => action === 'organisation.updated')).toHaveLength(3)
})

test('no other organisation ever gets an address that one had: not by choosing it, and not by its name', async () => {
  const { organisation, owner, move } = await setUp()
  const given = fresh()
  await move(given)
  await move(fresh(), given)
  const other = await setUp()
  for (const taken of [organisation.slug, given]) {
    const refused = await other.move(taken)
    expect([refused.status, refused.html.includes('is taken'), refused.html.includes(`value="${taken}"`)]).toEqual([
      422,
      true,
      true,
    ])
  }
  const founded = await other.owner.post('/organisations/new', { name: given.replaceAll('-', ' ') })
  expect(founded.location).toMatch(new RegExp(`^/o/${given}-[a-z0-9]{5}/waitlists$`))
  await expect(
    product.database.owner.kysely
      .updateTable('organisations')
      .set({ slug: given })
      .where('id', '=', other.organisation.id)
      .execute(),
  ).rejects.toThrow("another organisation's")
  expect(owner.cookie()).not.toBe('')
})

test('nobody takes addresses without end: ten new ones at once, twenty in all; its own are free', async () => {
  const { organisation, move, old } = await setUp()
  const slugs = Array.from({ length: 10 }, fresh)
  let at = old
  for (const slug of slugs) {
    // The same again takes none.
    for (let i = 0; i < 2; i++) expect((await move(slug, i === 0 ? at : slug)).status).toBe(303)
    at = slug
  }
  const [wanted, first = ''] = [fresh(), slugs[0]]
  const refused = await move(wanted, at)
  expect([refused.status, refused.html.includes(`value="${wanted}"`)]).toEqual([429, true])
  expect(refused.html).toMatch(/id="slug-problem"[^>]*>You have tried many addresses/)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3600)
  expect((await move(first, at)).status).toBe(303)

  await sql`delete from rate_limits where subject = ${`slug:${organisation.id}`}`.execute(product.database.owner.kysely)
  for (let n = 12; n <= 20; n++) {
    await sql`insert into organisation_slugs values (${`${first}-${n}`}, ${organisation.id})`.execute(
      product.database.owner.kysely,
    )
  }
  const full = await move(wanted, first)
  expect(full.status).toBe(422)
  expect(full.html).toContain(`keeps 20 addresses, the most there can be. Choose one that it had: `)
  expect((await move(`${first}-12`, first)).status).toBe(303)
  expect((await (await setUp()).move(wanted)).status).toBe(303)
})

test('of two that want one address at once, one gets it', async () => {
  const [a, b] = [await setUp(), await setUp()]
  const wanted = fresh()
  const answers = await Promise.all([a.move(wanted), b.move(wanted)])
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 422])
})

test.for(['', 'ab', 'a'.repeat(41), '-abc', 'abc-', 'ä-umlaut', 'a b c', 'api', 'Settings', '🚀🚀🚀', 'a/b/c'])(
  'the address %j is refused beside its field',
  async (slug) => {
    const { move, owner, old } = await setUp()
    const answer = await move(slug)
    expect([answer.status, answer.html.includes('role="alert"')]).toEqual([422, true])
    expect((await owner.get(`/o/${old}/settings/slug`)).status).toBe(200)
  },
)

test('strangers learn nothing from an earlier address, and only an owner changes it', async () => {
  const { organisation, move, old } = await setUp()
  const slug = fresh()
  await move(slug)
  const stranger = await asUser(product, (await makeOrganisation(product)).owner)
  expect((await stranger.get(`/o/${old}/waitlists`)).status).toBe(404)
  const admin = await asUser(product, await makeMember(product, organisation, 'admin'))
  expect((await admin.post(`/o/${slug}/settings/slug`, { slug: fresh() })).status).toBe(403)
  expect((await stranger.post(`/o/${slug}/settings/slug`, { slug: fresh() })).status).toBe(404)
})
