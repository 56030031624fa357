import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { actionsOf, textOf } from '../../../test/people.ts'
import { setPlan } from '../plans/set-plan.ts'
import { createApiKey } from './create-api-key.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product)
  return { organisation, user: await asUser(product, organisation.owner), base: `/o/${organisation.slug}/api-keys` }
}

function activeTable(html: string): string {
  return /<table class="cards(?: dimmed)?"><caption[^>]*>(?:Active|Sleeping) keys.*?<\/table>/s.exec(html)?.[0] ?? ''
}

const keyActionsOf = async (organisation: TestOrganisation) =>
  (await actionsOf(product, organisation)).filter((action) => /^api_key\.(created|revoked)$/.test(action))

describe('creating a key', () => {
  test('shows it once, and the table then shows its name, access, prefix, last use and creation', async () => {
    const { organisation, user, base } = await setUp()
    expect((await user.get(base)).html).toContain('No keys yet')
    const created = await user.post(base, { name: 'analytics-warehouse', scopes: 'subscribers:read' })
    expect(created.status).toBe(201)
    const secret = /qu_live_[0-9A-Za-z]{38}/.exec(created.html)?.[0] ?? ''
    expect((await asApiKey(product, secret).get('/key')).json.scopes).toEqual(['subscribers:read'])
    const table = activeTable((await user.get(base)).html)
    for (const text of ['analytics-warehouse', 'Read only', secret.slice(0, 12), organisation.owner.email, 'Revoke'])
      expect(table).toContain(text)
    expect(await keyActionsOf(organisation)).toEqual(['api_key.created'])
  })

  test('stands above those created before, with its date and by whom', async () => {
    const { organisation, user, base } = await setUp()
    const keys = [await makeApiKey(organisation), await makeApiKey(organisation), await makeApiKey(organisation)]
    const table = activeTable((await user.get(base)).html)
    const names = [...table.matchAll(/data-label="Name"><bdi>(.*?)<\/bdi>/g)].map(([, name]) => name)
    expect(names).toEqual(keys.map(({ name }) => name).reverse())
    const [, created] = /data-label="Created">(.*?)<\/td>/.exec(table) ?? []
    const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date())
    expect(textOf(created ?? '')).toBe(`${day} by ${organisation.owner.email}`)
    expect(created).toMatch(/title="\d+ \w+ \d{4}, \d\d:\d\d:\d\d UTC"/)
  })

  test('offers one box a scope, with its label and its wire-level name', async () => {
    const { user, base } = await setUp()
    const { html } = await user.get(`${base}/new`)
    const boxes = [
      ...html.matchAll(/<label class="check"><input type="checkbox" name="scopes" value="([^"]+)".*?<\/label>/g),
    ]
    expect(boxes.map(([label, value]) => [value, textOf(label)])).toEqual([
      ['subscribers:read', expect.stringMatching(/^Read subscribers subscribers:read List /)],
      ['subscribers:write', expect.stringMatching(/^Create subscribers subscribers:write Sign people up /)],
    ])
    expect(html).toContain('<code>subscribers:read</code>')
  })

  test('says Full access, Read only or Create only', async () => {
    const { organisation, user, base } = await setUp()
    for (const scopes of [
      ['subscribers:read', 'subscribers:write'],
      ['subscribers:read'],
      ['subscribers:write'],
    ] as const)
      await makeApiKey(organisation, [...scopes])
    const table = activeTable((await user.get(base)).html)
    for (const text of ['Full access', 'Read only', 'Create only', 'Never']) expect(table).toContain(text)
  })

  const mistakes: [string, { name: string; scopes: string[] }, RegExp][] = [
    ['no name', { name: '  ', scopes: ['subscribers:read'] }, /Give the key a name/],
    ['51 characters', { name: 'é'.repeat(51), scopes: ['subscribers:read'] }, /50 characters at most; this one has 51/],
    ['100,000 characters', { name: 'x'.repeat(100_000), scopes: ['subscribers:read'] }, /50 characters at most/],
    ['a control character', { name: 'a\u0007b', scopes: ['subscribers:read'] }, /control characters/],
    ['a mark that turns text around', { name: 'a\u202eb', scopes: ['subscribers:read'] }, /direction of text/],
    ['no permission', { name: 'typed-name', scopes: [] }, /Tick at least one permission/],
    ['an unknown permission', { name: 'typed-name', scopes: ['subscribers:delete'] }, /no such permission/],
  ]
  for (const [what, form, problem] of mistakes) {
    test(`with ${what} is told beside the field, keeps what was typed, and makes nothing`, async () => {
      const { organisation, user, base } = await setUp()
      const answer = await user.post(base, form)
      expect(answer.status).toBe(422)
      expect(answer.html).toMatch(problem)
      if (form.name === 'typed-name') expect(answer.html).toContain('value="typed-name"')
      expect(await keyActionsOf(organisation)).toEqual([])
    })
  }

  test('takes 50 code points, emoji and right-to-left text', async () => {
    const { user, base } = await setUp()
    for (const name of ['😀'.repeat(50), 'مفتاح المبيعات', "<b>bold</b> & 'quoted'"]) {
      expect((await user.post(base, { name, scopes: 'subscribers:read' })).status).toBe(201)
    }
    const { html } = await user.get(base)
    expect(html).toContain('😀'.repeat(50))
    expect(html).toContain('&lt;b&gt;bold&lt;/b&gt; &amp; &#39;quoted&#39;')
  })

  test("refuses an active key's name in any case and spelling, and takes it again once that one is revoked", async () => {
    const { organisation, user, base } = await setUp()
    const first = await createApiKey(organisation.ctx, { name: 'Stra\u00dfe', scopes: ['subscribers:read'] })
    const again = await user.post(base, { name: 'STRASSE', scopes: 'subscribers:read' })
    expect([again.status, /called/.test(again.html)]).toEqual([422, true])
    if (first.created) await user.post(`${base}/${first.id}/revoke`)
    expect((await user.post(base, { name: 'STRASSE', scopes: 'subscribers:read' })).status).toBe(201)
  })

  test('by a form sent twice at once makes one key', async () => {
    const { organisation, user, base } = await setUp()
    const nonce = /name="form_nonce" value="([^"]+)"/.exec((await user.get(`${base}/new`)).html)?.[1] ?? ''
    const form = { name: 'twice', scopes: 'subscribers:read', form_nonce: nonce }
    const answers = await Promise.all([user.post(base, form), user.post(base, form)])
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409])
    expect(await keyActionsOf(organisation)).toEqual(['api_key.created'])
  })

  test('two at once with one name make one key', async () => {
    const { user, base } = await setUp()
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => user.post(base, { name: 'same', scopes: 'subscribers:read' })),
    )
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 422, 422, 422, 422])
  })
})

describe('revoking a key', () => {
  test('asks once with its name, works at once, and leaves it among the revoked', async () => {
    const { organisation, user, base } = await setUp()
    const key = await makeApiKey(organisation)
    const question = await user.get(`${base}/${key.id}/revoke`)
    expect(question.html).toContain(key.name)
    expect(question.html).toContain('was never used')
    expect((await user.post(`${base}/${key.id}/revoke`)).status).toBe(303)
    expect((await asApiKey(product, key.secret).get('/key')).status).toBe(401)
    const { html } = await user.get(base)
    expect(activeTable(html)).not.toContain(key.name)
    expect(html).toContain('Revoked keys (1)')
    expect(await keyActionsOf(organisation)).toEqual(['api_key.created', 'api_key.revoked'])
  })

  test('of another organisation is 404, as for a key that does not exist, and changes nothing', async () => {
    const { user, base } = await setUp()
    const other = await makeOrganisation(product)
    const key = await makeApiKey(other)
    for (const id of [key.id, 'key_doesnotexist']) {
      expect((await user.get(`${base}/${id}/revoke`)).status).toBe(404)
      expect((await user.post(`${base}/${id}/revoke`)).status).toBe(404)
    }
    expect((await user.get(`/o/${other.slug}/api-keys`)).status).toBe(404)
    expect((await asApiKey(product, key.secret).get('/key')).status).toBe(200)
  })

  test('survives its creator: a key belongs to the organisation', async () => {
    const { organisation } = await setUp()
    const admin = await makeMember(product, organisation, 'admin')
    const theirs = await asUser(product, admin)
    const created = await theirs.post(`/o/${organisation.slug}/api-keys`, {
      name: 'theirs',
      scopes: 'subscribers:read',
    })
    const secret = /qu_live_[0-9A-Za-z]{38}/.exec(created.html)?.[0]
    const owner = await asUser(product, organisation.owner)
    expect((await owner.post(`/o/${organisation.slug}/members/${admin.id}/remove`)).status).toBe(303)
    expect((await theirs.get(`/o/${organisation.slug}/api-keys`)).status).toBe(404)
    expect((await asApiKey(product, secret).get('/key')).status).toBe(200)
  })
})

test('a member has no nav entry, and the address says who can', async () => {
  const { organisation, base } = await setUp()
  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  const waitlists = await member.get(`/o/${organisation.slug}/waitlists`)
  expect(waitlists.html).not.toContain('API keys</a>')
  for (const answer of [
    await member.get(base),
    await member.get(`${base}/new`),
    await member.post(base, { name: 'x', scopes: 'subscribers:read' }),
  ]) {
    expect(answer.status).toBe(403)
    expect(answer.html).toContain('owners and admins')
  }
  expect(await keyActionsOf(organisation)).toEqual([])
})

test('below Pro there is no nav entry; the keys are there, asleep, can be revoked and not created', async () => {
  const { organisation, user, base } = await setUp()
  const key = await makeApiKey(organisation)
  await setPlan(organisation.ctx, 'free')
  const page = await user.get(base)
  expect(page.html).not.toContain('API keys</a>')
  expect(page.html).toContain('Your key is asleep and answers')
  expect(page.html).not.toContain('Create key')
  expect(activeTable(page.html)).toContain(key.name)
  expect((await user.get(`/o/${organisation.slug}/plan`)).html).toContain(`href="${base}"`)
  expect((await user.get(`${base}/new`)).status).toBe(403)
  expect((await user.post(base, { name: 'x', scopes: 'subscribers:read' })).status).toBe(403)
  expect((await user.post(`${base}/${key.id}/revoke`)).status).toBe(303)
  await setPlan(organisation.ctx, 'pro')
  expect((await asApiKey(product, key.secret).get('/key')).status).toBe(401)
})

test('a form from another site is refused', async () => {
  const { organisation, user, base } = await setUp()
  for (const headers of [
    { Origin: 'https://evil.example' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
  ]) {
    expect(
      (await user.post(base, { name: 'x', scopes: 'subscribers:read' }, headers as Record<string, string>)).status,
    ).toBe(403)
  }
  expect(await keyActionsOf(organisation)).toEqual([])
})
