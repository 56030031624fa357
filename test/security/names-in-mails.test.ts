import { afterAll, beforeAll, expect, test } from 'vitest'
import { mailFailedPayment } from '../../src/features/billing/mail-failed-payment.ts'
import { deleteOrganisation, restoreOrganisation } from '../../src/features/organisations/delete-organisation.ts'
import { inviteMember } from '../../src/features/organisations/invite-member.ts'
import { purgeOrganisations } from '../../src/features/organisations/purge-organisations.ts'
import { transferOwnership } from '../../src/features/organisations/transfer-ownership.ts'
import { updateOrganisation } from '../../src/features/organisations/update-organisation.ts'
import { setPlan } from '../../src/features/plans/set-plan.ts'
import { type Context, inTransaction } from '../../src/platform/context.ts'
import { asUser } from '../as.ts'
import { makeApiKey, makeMember, makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { mailsTo, signUp, textOf } from '../people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const person = 'Your invoice is overdue. Pay at https://evil.example/pay now'
const organisation = 'QueueUp security (www.evil.com/verify)\r\nhttps://evil.example'

test('no name with a link in it, or that is the product’s, can be given', async () => {
  const user = await signUp(product, 'eve@example.com')
  const rename = async (path: string, name: string) => (await user.post(path, { name })).status
  for (const name of [person, 'evil.com', 'Eve www.evil.com', 'Ѕystem', 'Str1pe', 'QueueUp Support', 'Jοhn'])
    expect([name, await rename('/account/name', name)]).toEqual([name, 422])
  for (const name of [person, 'Pay at evil.com', 'Acme\nevil', 'QueueUp security', 'Ѕtripe', 'QuеueUp'])
    expect([name, await rename(`${user.home}/settings`, name), await rename('/organisations/new', name)]).toEqual([
      name,
      422,
      422,
    ])
  for (const name of ['Ѕystem', 'Str1pe', 'Queue–Up'])
    expect([name, (await user.post(`${user.home}/api-keys`, { name, scopes: 'subscribers:read' })).status]).toEqual([
      name,
      422,
    ])
  for (const name of ['Евгения Иванова', 'Eve Doe'])
    expect([name, await rename('/account/name', name)]).toEqual([name, 303])
  for (const name of ['Booking.com', 'Acme Inc.', 'node.js meetup', 'Иван и сыновья'])
    expect([name, await rename(`${user.home}/settings`, name)]).toEqual([name, 303])
})

test('the organisation that is made with an account is not called after the product either', async () => {
  for (const [email, name] of [
    ['queueup.security@example.com', 'My organisation'],
    ['grace@example.com', 'Grace’s organisation'],
  ] as const) {
    const user = await signUp(product, email)
    expect(textOf((await user.get(`${user.home}/settings`)).html)).toContain(name)
  }
})

/** Names from before they were refused, in every mail that holds one. */
test('what stands in the database already becomes no link and no second line in any mail', async () => {
  const made = await makeOrganisation(product, 'team')
  const { kysely } = product.database.owner
  await kysely.updateTable('organisations').set({ name: organisation }).where('id', '=', made.id).execute()
  await kysely.updateTable('users').set({ name: person }).where('id', '=', made.owner.id).execute()
  const member = await makeMember(product, made, 'owner')
  await makeApiKey(made)
  const ctx: Context = {
    ...made.ctx,
    organisation: { ...made.ctx.organisation, name: organisation },
    actor: { type: 'user', id: made.owner.id, name: person, role: 'owner' },
  }
  await inviteMember(ctx, { email: 'guest@example.com', role: 'member' })
  await setPlan(ctx, 'free')
  await setPlan({ ...ctx, organisation: { ...ctx.organisation, plan: 'free' } }, 'team')
  await inTransaction(ctx, (ctx) =>
    mailFailedPayment(ctx, 'team', new Date(product.services.now().getTime() + 86_400_000)),
  )
  const heir = await makeMember(product, made, 'member')
  await deleteOrganisation(ctx, { confirmation: organisation })
  await restoreOrganisation(ctx)
  await deleteOrganisation(ctx, { confirmation: organisation })
  await restoreOrganisation(ctx)
  await transferOwnership(ctx, { to: heir.id })
  await deleteOrganisation(
    { ...ctx, actor: { type: 'user', id: member.id, name: person, role: 'owner' } },
    { confirmation: organisation },
  )
  const later = () => new Date(Date.now() + 8 * 86_400_000)
  await purgeOrganisations({ ...product.services, db: product.database.jobs, now: later })
  const mails = [
    ...(await mailsTo(product, 'guest@example.com')),
    ...(await mailsTo(product, member.email)),
    ...(await mailsTo(product, heir.email)),
  ]
  expect(
    new Set(mails.map(({ subject }) => subject.replace(/QueueUp security.*example\)?/u, 'X'))).size,
  ).toBeGreaterThanOrEqual(8)
  for (const { subject, text } of mails) {
    expect(subject).not.toMatch(/[\r\n]|:\/\/\S|www\./)
    const links =
      text.replaceAll(product.services.config.publicUrl, '').match(/\S*(?::\/\/\S|www\.)\S*|evil\.\S+/g) ?? []
    expect([subject, links]).toEqual([subject, []])
    expect(text).not.toMatch(/\r|^https: /m)
  }
})

test('a brand that is a domain can be read in a mail and not be clicked', async () => {
  const made = await makeOrganisation(product, 'team')
  await updateOrganisation(made.ctx, { name: 'Booking.com' })
  const owner = await asUser(product, made.owner)
  await owner.post(`/o/${made.slug}/members/invitations`, { email: 'traveller@example.com', role: 'member' })
  const [mail] = await mailsTo(product, 'traveller@example.com')
  expect(mail?.subject).toBe('Join Booking\u2024com at QueueUp')
})
