import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addMember } from '../../src/features/organisations/add-member.ts'
import { asUser } from '../as.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { log, mailedPath } from '../people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const visitor = () => asUser(product, undefined)

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  const invite = (email: string, role: string) => owner.post(`${home}/members/invitations`, { email, role })
  return { organisation, home, owner, invite, email: `invited-${organisation.slug}@example.com` }
}

test('an admin replaces no invitation of an owner while its link works, and what is replaced stands in the log', async () => {
  const { organisation, home, owner, email } = await setUp()
  const admin = await asUser(product, await makeMember(product, organisation, 'admin'))
  const invite = (user: typeof admin, role: string) => user.post(`${home}/members/invitations`, { email, role })
  await invite(owner, 'owner')
  const link = await mailedPath(product, email, 'invitations')
  for (const role of ['member', 'admin']) expect((await invite(admin, role)).status).toBe(403)
  expect((await (await visitor()).get(link)).status).toBe(200)
  await invite(owner, 'admin')
  expect((await (await visitor()).get(link)).status).toBe(404)
  expect((await invite(admin, 'member')).status).toBe(303)
  const invited = (await log(product, home)).filter((row) => row.action === 'member.invited')
  expect(invited.map(({ changes }) => changes)).toEqual([
    { after: { email, role: 'owner' } },
    { before: { email, role: 'owner' }, after: { email, role: 'admin' } },
    { before: { email, role: 'admin' }, after: { email, role: 'member' } },
  ])
  // An expired one stands in nobody's way.
  await invite(owner, 'owner')
  await sql`update invitations set expires_at = expires_at - interval '8 days' where email = ${email}`.execute(
    product.database.owner.kysely,
  )
  expect((await invite(admin, 'member')).status).toBe(303)
})

test('a member who is removed does not come back by an invitation from before, and its row says so', async () => {
  const { organisation, home, owner, invite, email } = await setUp()
  await invite(email, 'owner')
  const link = await mailedPath(product, email, 'invitations')
  const { id } = await addMember(organisation.ctx, { email, password: 'a long enough password', role: 'member' })
  await owner.post(`${home}/members/${id}/remove`)
  expect((await (await visitor()).get(link)).status).toBe(404)
  const removed = (await log(product, home)).find((row) => row.action === 'member.removed')
  expect(removed?.changes).toEqual({ before: { role: 'member' }, after: { withdrawn_invitations: [email] } })
})
