import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { log, mailsTo, signUp, textOf } from '../../../test/people.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const path = `/o/${organisation.slug}/members`
  const [grace, member] = [
    await makeMember(product, organisation, 'admin'),
    await makeMember(product, organisation, 'member'),
  ]
  const roles = async () => {
    const rows = await product.database.owner.kysely
      .selectFrom('members')
      .select(['user_id', 'role'])
      .where('organisation_id', '=', organisation.id)
      .execute()
    return Object.fromEntries(rows.map((row) => [row.user_id, row.role]))
  }
  return {
    ...{ organisation, path, grace, member, roles },
    transfer: `${path}/transfer`,
    owner: await asUser(product, organisation.owner),
    admin: await asUser(product, grace),
    plain: await asUser(product, member),
  }
}

test('an owner hands over in one step: the other is owner, they are admin, one row says both, and a mail tells', async () => {
  const { organisation, path, transfer, owner, admin, grace, roles } = await setUp()
  expect((await owner.get(path)).html).toContain(`href="${transfer}"`)
  const dialog = await owner.get(transfer)
  expect(textOf(dialog.html)).toContain('They become an owner and you become an admin')
  expect(dialog.html).toContain(`<option value="${grace.id}">`)
  expect(dialog.html).not.toContain(`<option value="${organisation.owner.id}">`)

  const form_nonce =
    /name="form_nonce" value="(\w+)"/.exec(dialog.html.slice(dialog.html.indexOf('<dialog')))?.[1] ?? ''
  const done = await owner.post(transfer, { to: grace.id, form_nonce })
  expect([done.status, done.location]).toEqual([303, `${path}?done=transferred`])
  expect(textOf((await owner.get(done.location ?? '')).html)).toContain('You are an admin now')
  expect(await roles()).toMatchObject({ [grace.id]: 'owner', [organisation.owner.id]: 'admin' })
  expect((await owner.get(`/o/${organisation.slug}/plan`)).status).toBe(403)
  expect((await admin.get(`/o/${organisation.slug}/plan`)).status).toBe(200)
  const rows = (await log(product, `/o/${organisation.slug}`)).slice(1)
  expect(rows).toMatchObject([
    {
      action: 'member.role_changed',
      targets: [{ id: grace.id }, { id: organisation.owner.id }],
      changes: { before: { role: 'admin' }, after: { role: 'owner', role_of_previous_owner: 'admin' } },
    },
  ])
  expect((await mailsTo(product, grace.email)).map((mail) => mail.subject)).toEqual([
    expect.stringContaining('You are an owner of'),
  ])

  // The same form again: it is done already, once.
  expect((await owner.post(transfer, { to: grace.id, form_nonce })).location).toBe(`${path}?done=transferred`)
  expect(await log(product, `/o/${organisation.slug}`)).toHaveLength(2)
})

test('nobody but an owner can transfer, and not to themselves, a stranger, or nobody', async () => {
  const { organisation, transfer, owner, admin, plain, grace, roles } = await setUp()
  for (const user of [admin, plain]) {
    expect((await user.get(transfer)).status).toBe(403)
    expect((await user.post(transfer, { to: grace.id, form_nonce: newFormNonce() })).status).toBe(403)
  }
  const eve = await signUp(product, `eve-${organisation.slug}@example.com`)
  expect((await eve.post(transfer, { to: grace.id })).status).toBe(404)
  const stranger = await makeOrganisation(product)
  for (const to of [stranger.owner.id, '', '💥', 'usr_nobody'])
    expect((await owner.post(transfer, { to })).status).toBe(404)
  const own = await owner.post(transfer, { to: organisation.owner.id })
  expect([own.status, textOf(own.html).includes('Choose another member')]).toEqual([403, true])
  expect((await owner.post(transfer, { to: `${grace.id}\0` })).status).toBe(400)
  expect(Object.values(await roles()).sort()).toEqual(['admin', 'member', 'owner'])
})

test('alone there is nobody to transfer to', async () => {
  const organisation = await makeOrganisation(product)
  const owner = await asUser(product, organisation.owner)
  expect((await owner.get(`/o/${organisation.slug}/members`)).html).not.toContain('Transfer ownership')
  expect(textOf((await owner.get(`/o/${organisation.slug}/members/transfer`)).html)).toContain('Invite somebody first')
})

test('two transfers at the same time leave one owner', async () => {
  const { organisation, transfer, owner, grace, member, roles } = await setUp()
  const pages = await Promise.all([owner.post(transfer, { to: grace.id }), owner.post(transfer, { to: member.id })])
  expect(pages.map((page) => page.status).sort()).toEqual([303, 403])
  const now = await roles()
  expect(Object.values(now).filter((role) => role === 'owner')).toHaveLength(1)
  expect(now[organisation.owner.id]).toBe('admin')
})

test('whoever leaves while they are made the owner is out and nothing is transferred, or stays as the last owner', async () => {
  for (let i = 0; i < 5; i++) {
    const { organisation, path, transfer, owner, admin, grace, roles } = await setUp()
    const [transferred, left] = await Promise.all([
      owner.post(transfer, { to: grace.id }),
      admin.post(`${path}/${grace.id}/remove`),
    ])
    const now = await roles()
    if (transferred.status === 303) {
      expect([left.status, now[grace.id], now[organisation.owner.id]]).toEqual([403, 'owner', 'admin'])
    } else {
      expect([transferred.status, left.status]).toEqual([404, 303])
      expect([now[grace.id], now[organisation.owner.id]]).toEqual([undefined, 'owner'])
    }
  }
})

test('two owners who both hand over to the same admin at the same time are both admins, and that one is the owner', async () => {
  const { organisation, path, transfer, owner, admin, plain, grace, member, roles } = await setUp()
  await owner.post(`${path}/${grace.id}/role`, { role: 'owner' })
  const pages = await Promise.all([owner.post(transfer, { to: member.id }), admin.post(transfer, { to: member.id })])
  expect(pages.map((page) => page.status)).toEqual([303, 303])
  expect(await roles()).toEqual({ [member.id]: 'owner', [grace.id]: 'admin', [organisation.owner.id]: 'admin' })
  expect((await plain.post(`${path}/${member.id}/remove`)).status).toBe(403)
})
