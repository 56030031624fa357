import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestProduct,
} from '../../../test/make.ts'
import { log, mailsTo, signUp, textOf } from '../../../test/people.ts'
import { makeSoldProduct } from '../../../test/sold.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

test('the owner switches the plan: one row with both, and none for the plan that is set', async () => {
  const organisation = await makeOrganisation(product, 'pro')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  for (let i = 0; i < 2; i++) expect((await owner.post(`${home}/plan`, { plan: 'team' })).status).toBe(303)
  expect((await log(product, home)).slice(1)).toMatchObject([
    { action: 'plan.changed', changes: { before: { plan: 'pro' }, after: { plan: 'team' } } },
  ])
  expect((await owner.post(`${home}/plan`, { plan: 'platinum' })).status).toBe(422)
  expect((await owner.post(`${home}/plan`, { plan: '__proto__' })).status).toBe(422)
})

test('nobody but an owner sees or switches it', async () => {
  const organisation = await makeOrganisation(product)
  const home = `/o/${organisation.slug}`
  for (const role of ['admin', 'member'] as const) {
    const user = await asUser(product, await makeMember(product, organisation, role))
    expect((await user.get(`${home}/plan`)).status).toBe(403)
    expect((await user.post(`${home}/plan`, { plan: 'free' })).status).toBe(403)
    expect((await user.get(`${home}/waitlists`)).html).not.toContain(`${home}/plan"`)
  }
})

test('going below Pro asks first, names the keys that fall asleep, and afterwards shows the way to them', async () => {
  const organisation = await makeOrganisation(product, 'pro')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  await makeApiKey(organisation)
  await makeApiKey(organisation)
  expect(textOf((await owner.get(`${home}/plan/switch/free`)).html)).toContain('Your 2 API keys fall asleep at once')
  expect((await owner.get(`${home}/waitlists`)).html).toContain(`${home}/api-keys"`)
  await owner.post(`${home}/plan`, { plan: 'free' })
  expect((await owner.get(`${home}/waitlists`)).html).not.toContain(`${home}/api-keys"`)
  expect((await owner.get(`${home}/plan`)).html).toContain(`href="${home}/api-keys"`)
})

test('the other owners are told by mail when keys fall asleep and wake, and owners and admins on every page while they do', async () => {
  const organisation = await makeOrganisation(product, 'pro')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  const other = await makeMember(product, organisation, 'owner')
  const admin = await makeMember(product, organisation, 'admin')
  const change = (plan: string) => owner.post(`${home}/plan`, { plan })
  for (const plan of ['free', 'team']) await change(plan)
  expect(await mailsTo(product, other.email)).toEqual([])
  await makeApiKey(organisation)
  for (const plan of ['pro', 'free', 'free']) await change(plan)
  const said = 'The API key is asleep and answers 403 while the plan is Free.'
  for (const user of [owner, await asUser(product, admin)]) {
    expect(textOf((await user.get(`${home}/waitlists`)).html)).toContain(said)
    expect(textOf((await user.get(`${home}/api-keys`)).html)).not.toContain(said)
  }
  await change('team')
  expect(textOf((await owner.get(`${home}/waitlists`)).html)).not.toContain('asleep')
  const { name } = organisation.ctx.organisation
  const texts = (await mailsTo(product, other.email)).map(({ subject, text }) => `${subject}\n${text}`)
  expect(texts).toEqual([
    expect.stringMatching(
      `The API keys of ${name} are asleep\n${organisation.owner.email} changed the plan. The plan of ${name} is Free now. Its API key is asleep`,
    ),
    expect.stringMatching(`The API keys of ${name} work again\n.* Its API key works again, as it was.`),
  ])
  for (const { email } of [organisation.owner, admin]) expect(await mailsTo(product, email)).toEqual([])
})

test('the card of the current plan says how much of it is used, and no other does', async () => {
  const organisation = await makeOrganisation(product, 'pro')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  for (const name of ['Spring', 'Autumn']) await makeWaitlist(organisation, name)
  const archived = await makeWaitlist(organisation, 'Winter')
  await owner.post(`${home}/waitlists/${archived}/archive`)
  for (const role of ['member', 'admin', 'admin'] as const) await makeMember(product, organisation, role)
  const cards = async () =>
    (await owner.get(`${home}/plan`)).html
      .split('<section')
      .slice(1)
      .map((card) => textOf(`<section${card.split('</section>')[0]}`))
  expect(await cards()).toEqual([
    'Free API keys Not included Waitlists 1 Members 1 Activity log 30 days Switch to Free',
    'Pro Current plan API keys Included Waitlists 10 (2 used) Members 3 4 used Activity log 1 year Nobody is removed, and nobody can be added until the members fit.',
    'Team API keys Included Waitlists Unlimited Members Unlimited Activity log For good Switch to Team',
  ])
  await owner.post(`${home}/plan`, { plan: 'team' })
  expect((await cards())[2]).toContain('Waitlists Unlimited (2 used) Members Unlimited (4 used)')
})

test('a drop below what is in use removes nothing, and the page says how it fits again', async () => {
  const organisation = await makeOrganisation(product, 'pro')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  for (const name of ['Spring', 'Autumn']) await makeWaitlist(organisation, name)
  await makeMember(product, organisation, 'admin')
  expect(textOf((await owner.get(`${home}/plan`)).html)).not.toContain('until they fit')
  const question = textOf((await owner.get(`${home}/plan/switch/free`)).html)
  expect(question).toContain('You have 2 waitlists and Free allows 1: all of them stay')
  expect(question).toContain('You have 2 members and Free allows 1')
  expect(question).toContain('The Activity log shows the last 30 days. What is older is hidden at once')
  expect(textOf((await owner.get(`${home}/plan/switch/team`)).html)).not.toMatch(/allows|hidden/)
  await owner.post(`${home}/plan`, { plan: 'free' })
  const page = textOf((await owner.get(`${home}/plan`)).html)
  expect(page).toContain('Archive waitlists until they fit')
  expect(page).toContain('Nobody is removed, and nobody can be added until the members fit.')
  expect(textOf((await owner.get(`${home}/waitlists`)).html)).toMatch(/Spring.*Autumn|Autumn.*Spring/)
  const refused = await owner.post(`${home}/waitlists`, { name: 'Winter' })
  expect(refused.status).toBe(422)
  expect(textOf(refused.html)).toContain('Archive one, or change the plan on the Plan page')
})

test('where Stripe is configured the plan follows the subscription, and nobody switches it by hand', async () => {
  const sold = await makeSoldProduct()
  try {
    const ada = await signUp(sold.product, 'ada@example.com')
    expect(textOf((await ada.get(`${ada.home}/plan`)).html)).toContain('on Free')
    expect((await ada.get(`${ada.home}/plan`)).html).not.toContain('/plan/switch/')
    expect((await ada.post(`${ada.home}/plan`, { plan: 'team' })).status).toBe(403)
  } finally {
    await sold.close()
  }
})
