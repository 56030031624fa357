import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { dump, log, mailedPath, mailsTo, password, signUp, textOf } from '../../../test/people.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'

let product: TestProduct
let count = 0
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const visitor = () => asUser(product, undefined)

async function setUp(plan: 'free' | 'pro' | 'team' = 'team') {
  const organisation = await makeOrganisation(product, plan)
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  const invite = (email: string, role = 'member', form_nonce = newFormNonce()) =>
    owner.post(`${home}/members/invitations`, { email, role, form_nonce })
  const email = `invited-${++count}@example.com`
  return { organisation, home, owner, invite, email }
}

test('a new person signs up from the mail, joins, and makes no organisation of their own', async () => {
  const { home, owner, invite, email } = await setUp()
  expect((await invite(email, 'admin')).location).toBe(`${home}/members?done=invited`)
  expect(textOf((await owner.get(`${home}/members`)).html)).toContain(email)
  const link = await mailedPath(product, email, 'invitations')
  expect(link.length).toBeGreaterThan(30)

  const invited = await visitor()
  expect((await invited.get(link)).html).toContain(`href="/sign-up?next=${encodeURIComponent(link)}"`)
  expect((await invited.get(`/sign-up?next=${encodeURIComponent(link)}`)).html).toContain(`value="${email}"`)
  expect((await invited.post('/sign-up', { email, password, next: link })).location).toBe(link)
  expect((await invited.post(link)).location).toBe(`${home}/waitlists`)
  expect((await invited.get('/')).location).toBe(`${home}/waitlists`)
  expect((await invited.get(`${home}/members`)).status).toBe(200)
  expect((await log(product, home)).slice(1)).toMatchObject([
    { action: 'member.invited', changes: { after: { email, role: 'admin' } } },
    { action: 'member.joined', actor_name: email, changes: { after: { role: 'admin' } } },
  ])
  expect((await (await visitor()).get(link)).status).toBe(404)
  // The button pressed twice, the mail opened again: they are in.
  expect((await invited.post(link)).location).toBe(`${home}/waitlists`)
  expect((await invited.get(link)).location).toBe(`${home}/waitlists`)
  expect((await log(product, home)).filter((row) => row.action === 'member.joined')).toHaveLength(1)
})

test('somebody else with the link learns whom it is for, and cannot use it', async () => {
  const { home, invite, email } = await setUp()
  await invite(email)
  const link = await mailedPath(product, email, 'invitations')
  const eve = await signUp(product, `eve-${email}`)
  const page = await eve.get(link)
  expect(textOf(page.html)).toContain(`Sign out, and go on as ${email}`)
  expect((await eve.post(link)).status).toBe(403)
  expect((await eve.get(`${home}/waitlists`)).status).toBe(404)
  expect((await eve.post('/sign-out', { next: link })).location).toBe(link)
})

test('an invitation makes way for its own address alone where sign-up is by invitation', async () => {
  const closed = await makeProduct({ SIGNUP: 'invite' }, product)
  try {
    const { home, invite, email } = await setUp()
    await invite(email)
    const link = await mailedPath(product, email, 'invitations')
    const eve = await asUser(closed, undefined)
    expect((await eve.post('/sign-up', { email: `eve-${email}`, password, next: link })).status).toBe(403)
    const invited = await asUser(closed, undefined)
    expect((await invited.get(`/sign-up?next=${encodeURIComponent(link)}`)).status).toBe(200)
    expect((await invited.post('/sign-up', { email, password, next: link })).location).toBe(link)
    expect(textOf((await invited.get('/organisations/new')).html)).toContain('made by whoever runs this server')
    expect((await invited.post('/organisations/new', { name: 'Mine' })).status).toBe(403)
    expect((await invited.post(link)).location).toBe(`${home}/waitlists`)
  } finally {
    await closed.close()
  }
})

test('the same form sent twice invites once; the same form saying something else is another', async () => {
  const { home, invite, email } = await setUp()
  const nonce = newFormNonce()
  const pages = await Promise.all([invite(email, 'member', nonce), invite(email, 'member', nonce)])
  expect(pages.map((page) => page.status)).toEqual([303, 303])
  expect(await mailsTo(product, email)).toHaveLength(1)
  expect((await invite(`other-${email}`, 'member', nonce)).status).toBe(303)
  expect(await mailsTo(product, `other-${email}`)).toHaveLength(1)
  expect((await log(product, home)).filter((row) => row.action === 'member.invited')).toHaveLength(2)
})

test('sending again makes a new link, and the old one leads nowhere', async () => {
  const { invite, email } = await setUp()
  await invite(email)
  const first = await mailedPath(product, email, 'invitations')
  await invite(email, 'admin')
  const second = await mailedPath(product, email, 'invitations')
  expect(second).not.toBe(first)
  expect((await (await visitor()).get(first)).status).toBe(404)
  expect((await (await visitor()).get(second)).status).toBe(200)
})

test('a withdrawn or old invitation leads nowhere', async () => {
  const { home, owner, invite, email } = await setUp()
  await invite(email)
  const link = await mailedPath(product, email, 'invitations')
  const id = /invitations\/(inv_\w+)\/withdraw/.exec((await owner.get(`${home}/members`)).html)?.[1]
  for (let i = 0; i < 2; i++) expect((await owner.post(`${home}/members/invitations/${id}/withdraw`)).status).toBe(303)
  expect((await (await visitor()).get(link)).status).toBe(404)
  const withdrawn = (await log(product, home)).filter((row) => row.action === 'member.invitation_withdrawn')
  expect(withdrawn).toMatchObject([{ targets: [{ type: 'invitation', id, name: email }] }])

  await invite(email)
  const old = await mailedPath(product, email, 'invitations')
  await sql`update invitations set expires_at = expires_at - interval '8 days' where email = ${email}`.execute(
    product.database.owner.kysely,
  )
  expect((await (await visitor()).get(old)).status).toBe(404)
  const members = await owner.get(`${home}/members`)
  expect(textOf(members.html)).toMatch(new RegExp(`${email} Member .*Expired Send again`))
  await invite(email)
  expect((await (await visitor()).get(await mailedPath(product, email, 'invitations'))).status).toBe(200)
  expect(textOf((await owner.get(`${home}/members`)).html)).not.toContain('Expired')
})

test('what somebody invited above a plain member ends with their power, and stands in the row that took it', async () => {
  const { organisation, home, owner } = await setUp()
  const admin = await makeMember(product, organisation, 'admin')
  const second = await makeMember(product, organisation, 'owner')
  const invited = async (by: { email: string; password: string }, role: string) => {
    const address = `${role}-by-${by.email}`
    await (await asUser(product, by)).post(`${home}/members/invitations`, { email: address, role })
    return { address, link: await mailedPath(product, address, 'invitations') }
  }
  const [low, high] = [await invited(admin, 'member'), await invited(admin, 'admin')]
  const [kept, top] = [await invited(second, 'admin'), await invited(second, 'owner')]
  expect(textOf((await owner.get(`${home}/members/${admin.id}/remove`)).html)).toContain('cannot accept any more')
  await owner.post(`${home}/members/${admin.id}/remove`)
  await owner.post(`${home}/members/${second.id}/role`, { role: 'admin' })
  const person = await signUp(product, high.address)
  expect([(await person.get(high.link)).status, (await person.post(high.link)).status]).toEqual([404, 404])
  const statuses = [low, kept, top].map(async ({ link }) => (await (await visitor()).get(link)).status)
  expect(await Promise.all(statuses)).toEqual([200, 200, 404])
  const rows = (await log(product, home)).filter(({ action }) => /removed|changed|withdrawn/.test(action))
  expect(rows.map(({ action, changes }) => [action, changes])).toEqual([
    ['member.removed', { before: { role: 'admin' }, after: { withdrawn_invitations: [high.address] } }],
    [
      'member.role_changed',
      { before: { role: 'owner' }, after: { role: 'admin', withdrawn_invitations: [top.address] } },
    ],
  ])
})

test('the plan limits members, and says the way out, when inviting and when accepting', async () => {
  const { home, organisation, owner, invite, email } = await setUp('free')
  expect(textOf((await owner.get(`${home}/members`)).html)).toMatch(
    /Invite somebody .*The Free plan allows 1 member\..* Go to the Plan page/,
  )
  const refused = await invite(email)
  expect(refused.status).toBe(422)
  expect(textOf(refused.html)).toContain('The Free plan allows 1 member')
  await owner.post(`${home}/plan`, { plan: 'pro' })
  expect(textOf((await owner.get(`${home}/members`)).html)).not.toContain('plan allows')
  await invite(email)
  const link = await mailedPath(product, email, 'invitations')
  await owner.post(`${home}/plan`, { plan: 'free' })
  const invited = await visitor()
  await invited.post('/sign-up', { email, password, next: link })
  expect((await invited.post(link)).status).toBe(422)
  await owner.post(`${home}/plan`, { plan: 'pro' })
  expect((await invited.post(link)).status).toBe(303)
  expect(organisation.slug).toBeTruthy()
})

test('three invitations for two places let two in, also at the same time', async () => {
  const { home, invite, email } = await setUp('pro')
  const people = await Promise.all(
    ['a', 'b', 'c'].map(async (letter) => {
      const address = `${letter}-${email}`
      await invite(address)
      const link = await mailedPath(product, address, 'invitations')
      return { link, user: await signUp(product, address) }
    }),
  )
  const pages = await Promise.all(people.map(({ user, link }) => user.post(link)))
  expect(pages.map((page) => page.status).sort()).toEqual([303, 303, 422])
  expect((await log(product, home)).filter((row) => row.action === 'member.joined')).toHaveLength(2)
})

test('a member cannot be invited, mistakes are told beside the field', async () => {
  const { organisation, invite } = await setUp()
  const known = await invite(organisation.owner.email)
  expect(known.status).toBe(422)
  expect(textOf(known.html)).toContain('is a member already')
  const odd = await invite('nobody')
  expect(odd.status).toBe(422)
  expect(odd.html).toContain('value="nobody"')
  expect((await invite('x@example.com', 'emperor')).status).toBe(422)
})

test('an organisation is no way to send mail to strangers without end', async () => {
  const { invite, email } = await setUp()
  const statuses: number[] = []
  for (let i = 0; i < 25; i++) statuses.push((await invite(`${i}-${email}`)).status)
  expect(statuses.at(-1)).toBe(429)
})

test('no table holds the token of an invitation, neither while the mail waits nor afterwards', async () => {
  const { invite, email } = await setUp()
  await invite(email)
  const before = await dump(product)
  const link = await mailedPath(product, email, 'invitations')
  const token = link.split('/').at(-1) ?? ''
  expect(token.length).toBeGreaterThan(20)
  expect(before).not.toContain(token)
  expect(await dump(product)).not.toContain(token)
})
