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
import { log, signUp, textOf } from '../../../test/people.ts'
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
