import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { log, signUp, textOf } from '../../../test/people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const home = `/o/${organisation.slug}`
  const admin = await makeMember(product, organisation, 'admin')
  const member = await makeMember(product, organisation, 'member')
  return {
    organisation,
    home,
    ids: { owner: organisation.owner.id, admin: admin.id, member: member.id },
    owner: await asUser(product, organisation.owner),
    admin: await asUser(product, admin),
    member: await asUser(product, member),
    adminEmail: admin.email,
    memberEmail: member.email,
  }
}

test('owners and admins see the members; a member is told who may, and has no way there', async () => {
  const { home, owner, admin, member, memberEmail } = await setUp()
  expect(textOf((await owner.get(`${home}/members`)).html)).toContain(memberEmail)
  expect((await admin.get(`${home}/members`)).status).toBe(200)
  const refused = await member.get(`${home}/members`)
  expect(refused.status).toBe(403)
  expect(textOf(refused.html)).toContain('owners and admins')
  expect((await member.get(`${home}/waitlists`)).html).not.toContain(`${home}/members"`)
})

test('an address that somebody made up has nothing to tell', async () => {
  const organisation = await makeOrganisation(product)
  const owner = await asUser(product, organisation.owner)
  const quiet = (await owner.get(`/o/${organisation.slug}/members`)).html
  for (const odd of ['constructor', '__proto__', 'toString', 'nothing']) {
    const { html } = await owner.get(`/o/${organisation.slug}/members?done=${odd}`)
    expect([odd, html.includes('class="banner')]).toEqual([odd, quiet.includes('class="banner')])
  }
})

test('another organisation answers as one that does not exist, whatever is asked of it', async () => {
  const { home, ids } = await setUp()
  const eve = await signUp(product, `eve-${Date.now()}@example.com`)
  for (const path of ['', '/members', '/plan', '/api-keys', '/settings', '/settings/delete']) {
    const [theirs, none] = [await eve.get(home + path), await eve.get(`/o/no-such-organisation${path}`)]
    expect(theirs.status).toBe(404)
    expect(textOf(theirs.html)).toBe(textOf(none.html))
  }
  for (const path of [
    `/members/${ids.admin}/role`,
    `/members/${ids.admin}/remove`,
    '/members/invitations',
    '/plan',
    '/settings/delete',
  ]) {
    expect((await eve.post(home + path, { role: 'member', email: eve.email, plan: 'free' })).status).toBe(404)
  }
  expect((await eve.post(`${eve.home}/members/${ids.admin}/role`, { role: 'owner' })).status).toBe(404)
})

test('changing a role works at once and writes one row; the role that is set writes none', async () => {
  const { home, owner, member, ids } = await setUp()
  await owner.post(`${home}/members/${ids.member}/role`, { role: 'admin' })
  expect((await member.get(`${home}/members`)).status).toBe(200)
  await owner.post(`${home}/members/${ids.member}/role`, { role: 'admin' })
  const rows = (await log(product, home)).filter((row) => row.action === 'member.role_changed')
  expect(rows).toMatchObject([{ changes: { before: { role: 'member' }, after: { role: 'admin' } } }])
})

test('admins cannot touch owners or make any', async () => {
  const { home, admin, owner, ids } = await setUp()
  expect((await admin.post(`${home}/members/${ids.owner}/role`, { role: 'member' })).status).toBe(403)
  expect((await admin.post(`${home}/members/${ids.owner}/remove`)).status).toBe(403)
  expect((await admin.post(`${home}/members/${ids.admin}/role`, { role: 'owner' })).status).toBe(403)
  expect((await admin.post(`${home}/members/invitations`, { email: 'new@example.com', role: 'owner' })).status).toBe(
    403,
  )
  expect((await owner.get(`${home}/plan`)).status).toBe(200)
})

test('the last owner can neither leave nor be demoted, nor can two owners both at the same time', async () => {
  const { home, owner, admin, ids } = await setUp()
  const demoted = await owner.post(`${home}/members/${ids.owner}/role`, { role: 'admin' })
  expect(demoted.status).toBe(403)
  expect(textOf(demoted.html)).toContain('keeps at least one owner')
  expect((await owner.post(`${home}/members/${ids.owner}/remove`)).status).toBe(403)
  await owner.post(`${home}/members/${ids.admin}/role`, { role: 'owner' })
  const pages = await Promise.all([
    owner.post(`${home}/members/${ids.owner}/remove`),
    admin.post(`${home}/members/${ids.admin}/remove`),
  ])
  expect(pages.map((page) => page.status).sort()).toEqual([303, 403])
})

test('a removed member is out with the next request, and so are forms they had open; elsewhere they stay', async () => {
  const { home, owner, admin, ids } = await setUp()
  await admin.post('/organisations/new', { name: 'Of their own' })
  const own = ((await admin.get('/')).location ?? '').replace('/waitlists', '')
  await owner.post(`${home}/members/${ids.admin}/remove`)
  expect((await admin.get(`${home}/waitlists`)).status).toBe(404)
  expect((await admin.post(`${home}/members/invitations`, { email: 'x@example.com', role: 'member' })).status).toBe(404)
  expect((await admin.get(`${own}/waitlists`)).status).toBe(200)
  expect((await owner.post(`${home}/members/${ids.admin}/remove`)).status).toBe(303)
  expect((await log(product, home)).filter((row) => row.action === 'member.removed')).toHaveLength(1)
})

test('a member leaves by themselves, from the page of their account', async () => {
  const { home, member, ids } = await setUp()
  const path = `${home}/members/${ids.member}/remove`
  expect((await member.get('/account')).html).toContain(`href="${path}"`)
  expect(textOf((await member.get(path)).html)).toContain('You need another invitation to come back')
  expect((await member.post(path)).location).toBe('/')
  expect((await member.get(`${home}/waitlists`)).status).toBe(404)
})

test.each(['%00', '%F0%9F%92%A5', 'usr_nobody', '..%2F..'])(
  'a member named %s in the address is nobody',
  async (id) => {
    const { home, owner } = await setUp()
    expect([303, 404]).toContain((await owner.post(`${home}/members/${id}/remove`)).status)
    expect((await owner.post(`${home}/members/${id}/role`, { role: 'admin' })).status).toBe(404)
  },
)
