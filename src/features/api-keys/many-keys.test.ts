import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, type TestOrganisation, type TestProduct } from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { wordsOf } from '../../../test/words-of.ts'
import { keyList } from './api-keys.cli.ts'
import { maxActiveKeys } from './require-room-for-api-key.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

/** Keys `n0001`, `n0002` … in this order, seven of them always at the same moment. */
async function insertKeys({ id }: TestOrganisation, count: number, revoked: boolean) {
  await sql`insert into api_keys (id, organisation_id, name, name_key, scopes, prefix, secret_hash, secret_version,
      created_at, created_by_name, revoked_at, revoked_by_name)
    select 'key_' || ${revoked ? 'r' : 'a'} || substr(md5(n || ${id}), 1, 12), ${id}, name, name, '{subscribers:read}', 'qu_live_AbCd…',
      sha256(convert_to(${id} || ${revoked} || n, 'UTF8')), 'x', at, 'Ada',
      case when ${revoked} then at end, case when ${revoked} then 'Ada' end
    from generate_series(1, ${count}) n, lateral (select 'n' || lpad(n::text, 4, '0') as name,
      timestamptz '2026-05-03' + (n / 7) * interval '1 second' as at) row`.execute(product.database.owner.kysely)
}

/** As a browser reads it out of an attribute. */
const addressIn = (attribute = '') => attribute.replaceAll('&amp;', '&')

async function setUp() {
  const organisation = await makeOrganisation(product)
  const user = await asUser(product, organisation.owner)
  const base = `/o/${organisation.slug}/api-keys`
  /** The names on every page of a table, newest first, and the address of the last page. */
  const leafThrough = async (caption: string) => {
    const names: string[] = []
    let at = base
    for (let pages = 0; pages < 50; pages++) {
      const { html } = await user.get(at)
      const table = html.slice(html.indexOf(`>${caption}</caption>`))
      names.push(...[...table.slice(0, table.indexOf('</table>')).matchAll(/<bdi>(n\d{4})</g)].map(([, n]) => n ?? ''))
      const next = /<a href="([^"]+)" rel="next">/.exec(table.slice(0, table.indexOf('</nav>')))?.[1]
      if (!next) break
      at = addressIn(next)
    }
    return { names, at }
  }
  return { organisation, user, base, leafThrough }
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `n${String(i + 1).padStart(4, '0')}`)

test('of as many active keys as there can be each is seen once, newest first, and the very oldest is revoked', async () => {
  const { organisation, user, base, leafThrough } = await setUp()
  await insertKeys(organisation, maxActiveKeys, false)
  const { names, at } = await leafThrough('Active keys')
  expect([...names].sort()).toEqual(numbered(maxActiveKeys))
  // Those of one moment stand in any order.
  const moments = names.map((name) => Math.floor(Number(name.slice(1)) / 7))
  expect(moments).toEqual([...moments].sort((a, b) => b - a))
  const last = (await user.get(at)).html
  expect(textOf(last)).toContain('1,901–2,000 of 2,000 active keys First Previous')

  const question = /id="revoke-(key_\w+)" href="([^"]+)">Revoke<span[^>]*> n0001</.exec(last)
  const form = /<form method="post" action="([^"]+\/revoke[^"]*)"/.exec((await user.get(addressIn(question?.[2]))).html)
  const revoked = await user.post(addressIn(form?.[1]))
  expect(revoked.location).toBe(`${at}&revoked=${question?.[1]}`)
  const after = textOf((await user.get(revoked.location ?? '')).html)
  expect(after).toContain('“n0001” is revoked')
  expect(after).toContain('1,901–1,999 of 1,999 active keys')
  expect(after).toContain('Revoked keys (1)')
  const listed = await wordsOf(keyList(organisation.ctx), true)
  expect((JSON.parse(listed) as { items: unknown[] }).items).toHaveLength(maxActiveKeys)
  expect((await user.get(`${base}?after=key_nobody`)).html).toContain('1–100 of')
})

test('past the most active keys there can be none is created, and the way out is named; revoked ones take no room', async () => {
  const { organisation, user, base } = await setUp()
  await insertKeys(organisation, 300, true)
  await insertKeys(organisation, maxActiveKeys - 1, false)
  const create = (name = 'one-more') => user.post(base, { name, scopes: 'subscribers:read' })
  const atOnce = await Promise.all(['a', 'b', 'c'].map((name) => create(name)))
  expect(atOnce.map(({ status }) => status).toSorted()).toEqual([201, 422, 422])
  const wayOut = 'An organisation has 2,000 active keys at most. Revoke one that no service uses any more'
  const refused = await create()
  expect(refused.status).toBe(422)
  const dialog = refused.html.slice(refused.html.indexOf('<dialog'))
  expect(textOf(dialog)).toContain(wayOut)
  expect(dialog).toContain('value="one-more"')
  const page = (await user.get(base)).html
  expect(textOf(page)).toContain(wayOut)
  await user.post(`${base}/${/id="revoke-(key_\w+)"/.exec(page)?.[1]}/revoke`)
  expect(textOf((await user.get(base)).html)).not.toContain(wayOut)
  expect((await create()).status).toBe(201)
})

test('revoked keys are leafed through, open, and counted', async () => {
  const { organisation, user, base, leafThrough } = await setUp()
  await insertKeys(organisation, 201, true)
  expect(textOf((await user.get(base)).html)).toContain('Revoked keys (201)')
  const { names, at } = await leafThrough('Revoked keys')
  expect([...names].sort()).toEqual(numbered(201))
  const last = (await user.get(at)).html
  expect(last).toMatch(/<details class="disclosure" id="revoked" open/)
  expect(textOf(last)).toContain('201–201 of 201 revoked keys First Previous')
})
