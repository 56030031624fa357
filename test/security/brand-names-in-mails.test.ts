import { afterAll, beforeAll, expect, test } from 'vitest'
import { deleteOrganisation, restoreOrganisation } from '../../src/features/organisations/delete-organisation.ts'
import { transferOwnership } from '../../src/features/organisations/transfer-ownership.ts'
import { setPlan } from '../../src/features/plans/set-plan.ts'
import type { Context } from '../../src/platform/context.ts'
import { asUser } from '../as.ts'
import { autoLinksIn } from '../auto-links.ts'
import { makeApiKey, makeMember, makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { mailsTo, textOf } from '../people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const linksOf = ({ subject, text }: { subject: string; text: string }) =>
  [...autoLinksIn(subject), ...autoLinksIn(text)].filter((link) => !link.startsWith(product.services.config.publicUrl))

test('a program that looks for links finds those that it should', () => {
  const found = (text: string) => autoLinksIn(text)
  expect(found('Join Booking.com, Pvt.Ltd or www.evil.com at 10.0.0.1/x or https://evil.example')).toEqual([
    ...['Booking.com', 'Pvt.Ltd', 'www.evil.com', '10.0.0.1/x', 'https://evil.example'],
  ])
})

test.each([
  ['Crypto.com Arena', 'Chas.Name'],
  ['Amazon.com Services LLC', 'Thos.Info'],
  ['ASP.NET Guild', 'Anna.Li'],
  ['Tata Sons Pvt.Ltd.', 'Ivy St.John'],
  ['Friends of Example.co.uk', 'Jas.Moe, Jr.'],
  ['Müller.de GmbH', 'Geo.Wm.Pro'],
  ['The Queue Uprising', 'Dr.Who'],
])('every mail about "%s" from "%s" names both, and no name is a link', async (organisation, person) => {
  const made = await makeOrganisation(product, 'team')
  const owner = await asUser(product, made.owner)
  expect((await owner.post('/account/name', { name: person })).status).toBe(303)
  expect((await owner.post(`/o/${made.slug}/settings`, { name: organisation })).status).toBe(303)
  expect(textOf((await owner.get(`/o/${made.slug}/settings`)).html)).toContain(organisation)
  const [guest, heir] = [`guest@${made.slug}.example`, await makeMember(product, made, 'owner')]
  await makeApiKey(made)
  await owner.post(`/o/${made.slug}/members/invitations`, { email: guest, role: 'member' })
  const ctx: Context = {
    ...made.ctx,
    organisation: { ...made.ctx.organisation, name: organisation },
    actor: { type: 'user', id: made.owner.id, name: person, role: 'owner' },
  }
  await setPlan(ctx, 'free')
  await deleteOrganisation(ctx, { confirmation: organisation })
  await restoreOrganisation(ctx)
  const next = await makeMember(product, made, 'member')
  await transferOwnership(ctx, { to: next.id })
  const mails = [
    ...(await mailsTo(product, guest)),
    ...(await mailsTo(product, heir.email)),
    ...(await mailsTo(product, next.email)),
  ]
  expect(mails.length).toBeGreaterThanOrEqual(5)
  for (const mail of mails) {
    expect([mail.subject, linksOf(mail)]).toEqual([mail.subject, []])
    expect(mail.text.replaceAll('\u2024', '.')).toContain(organisation)
  }
  expect(mails[0]?.text.replaceAll('\u2024', '.')).toContain(person)
})
