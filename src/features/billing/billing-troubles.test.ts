import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { makeMember } from '../../../test/make.ts'
import { mailsTo, textOf } from '../../../test/people.ts'
import { leadsTo, makeBuyer, makeSoldProduct, makeSubscriber, type SoldProduct } from '../../../test/sold.ts'
import { signEvent } from '../../../test/stripe-server.ts'
import type { Role } from '../../platform/context.ts'
import { dayInWords } from '../../platform/day-in-words.ts'
import { orgSetPlan } from '../organisations/organisations.cli.ts'

const day = 86_400_000

let sold: SoldProduct
let clock = 0
beforeAll(async () => {
  sold = await makeSoldProduct({ BILLING_GRACE_DAYS: '3' })
  sold.product.services.now = () => new Date(Date.now() + clock)
})
afterAll(() => sold.close())

const isAwake = async (key: { secret: string }) => (await asApiKey(sold.product, key.secret).get('/key')).status === 200

/** Runs what runs by itself, as if so much time had gone by. */
async function later(ms: number, work: () => Promise<unknown>) {
  clock = ms
  await work().finally(() => {
    clock = 0
  })
}

test('with days of grace a failed renewal keeps the plan until they are over, and says until when', async () => {
  const { subscription, key, plans, owner, home } = await makeSubscriber(sold)
  await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { status: 'past_due' }))
  expect(textOf((await owner.get(`${home}/plan`)).html)).toMatch(
    /The last payment failed\. The plan stays Pro until \d/,
  )
  await later(3 * day - 60_000, sold.reconcile)
  expect(await isAwake(key)).toBe(true)
  await later(3 * day + 60_000, sold.reconcile)
  expect(await isAwake(key)).toBe(false)
  await later(3 * day + 120_000, sold.reconcile)
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
  await sold.tell('invoice.paid', {
    object: 'invoice',
    customer: sold.stripe.set(subscription.id, { status: 'active' }).customer,
  })
  expect(await isAwake(key)).toBe(true)
})

test('owners are told when a payment fails and until when there is time, and owners and admins see it on every page', async () => {
  const { subscription, owner, home, organisation, tell, people } = await makeCompany()
  for (let n = 0; n < 2; n++) await tell('past_due')
  const [mail, ...more] = await mailsTo(sold.product, organisation.owner.email)
  const until = dayInWords(new Date(Date.now() + 3 * day))
  expect(mail?.subject).toBe(`A payment for ${organisation.ctx.organisation.name} failed`)
  expect(mail?.text).toContain(`The plan stays Pro until ${until} at `)
  expect(mail?.text).toContain('If nothing is paid by then, the plan is Free and its API key falls asleep')
  expect(mail?.text).toContain(`${home}/plan`)
  expect(more).toEqual([])
  expect((await mailsTo(sold.product, people.owner.email)).map(({ text }) => text)).toEqual([mail?.text])
  for (const { email } of [people.admin, people.member]) expect(await mailsTo(sold.product, email)).toEqual([])

  const [admin, member] = [await asUser(sold.product, people.admin), await asUser(sold.product, people.member)]
  const said = `The last payment failed. The plan stays Pro until ${until}; then the API key falls asleep.`
  for (const page of ['waitlists', 'api-keys', 'activity', 'members', 'settings'])
    expect([page, textOf((await owner.get(`${home}/${page}`)).html)]).toEqual([page, expect.stringContaining(said)])
  expect(textOf((await admin.get(`${home}/waitlists`)).html)).toContain(
    `${said} The owner of this organisation can pay`,
  )
  expect((await admin.get(`${home}/waitlists`)).html).not.toContain(`${home}/plan"`)
  expect(textOf((await member.get(`${home}/waitlists`)).html)).not.toContain('payment')
  expect(textOf((await owner.get(`${home}/plan`)).html).split('The last payment failed.')).toHaveLength(2)

  await later(3 * day + 60_000, sold.reconcile)
  expect(textOf((await admin.get(`${home}/members`)).html)).toContain(
    'The last payment failed. The API key is asleep and answers 403 while the plan is Free.',
  )
  sold.stripe.set(subscription.id, { status: 'active' })
  await owner.get(`${home}/plan?back=portal`)
  expect(textOf((await owner.get(`${home}/members`)).html)).not.toContain('payment')
  const subjects = (await mailsTo(sold.product, organisation.owner.email)).map(({ subject }) => subject)
  const { name } = organisation.ctx.organisation
  expect(subjects).toEqual([
    `A payment for ${name} failed`,
    `The API keys of ${name} are asleep`,
    `The API keys of ${name} work again`,
  ])
})

/** A subscriber with one more owner, an admin and a member. */
async function makeCompany() {
  const subscriber = await makeSubscriber(sold)
  const join = (role: Role) => makeMember(sold.product, subscriber.organisation, role)
  return {
    ...subscriber,
    people: { owner: await join('owner'), admin: await join('admin'), member: await join('member') },
    tell: (status: 'past_due' | 'active' | 'canceled') =>
      sold.tell('customer.subscription.updated', sold.stripe.set(subscriber.subscription.id, { status })),
  }
}

test('the days of grace count from the renewal that failed, also when it is heard of late', async () => {
  const { subscription, key } = await makeSubscriber(sold)
  const [item] = subscription.items.data
  const renewedAt = Math.floor((Date.now() + day / 2) / 1_000)
  const data = item ? [{ ...item, current_period_start: renewedAt }] : []
  sold.stripe.set(subscription.id, { status: 'past_due', items: { ...subscription.items, data } })
  await later(day + 60_000, sold.reconcile)
  await later(3.5 * day - 60_000, sold.reconcile)
  expect(await isAwake(key)).toBe(true)
  await later(3.5 * day + 60_000, sold.reconcile)
  expect(await isAwake(key)).toBe(false)
})

test('the days of grace count from the event, also when Stripe delivers it days later', async () => {
  const { subscription, key } = await makeSubscriber(sold)
  const failed = sold.stripe.set(subscription.id, { status: 'past_due' })
  const happened = { at: Date.now() + 2 * day, happenedAt: Date.now() + day }
  await later(2 * day, () => sold.deliver(signEvent('customer.subscription.updated', failed, happened)))
  await later(4 * day - 60_000, sold.reconcile)
  expect(await isAwake(key)).toBe(true)
  await later(4 * day + 60_000, sold.reconcile)
  expect(await isAwake(key)).toBe(false)
})

test('a second failure within the grace does not lengthen it; a payment in between does', async () => {
  const { subscription, plans } = await makeSubscriber(sold)
  const becomes = (status: 'past_due' | 'active', at: number) =>
    later(at, () => sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { status })))
  await becomes('past_due', 0)
  await later(4 * 60_000, () => sold.reconcile())
  await becomes('past_due', 4 * 60_000)
  await later(3 * day + 60_000, sold.reconcile)
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
  await becomes('active', 0)
  await becomes('past_due', 4 * 60_000)
  await later(3 * day + 60_000, sold.reconcile)
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free', 'Stripe: pro'])
})

test('what a lost event left wrong is put right within a day, and nothing is written where nothing is wrong', async () => {
  const [lost, fine] = [await makeSubscriber(sold), await makeSubscriber(sold)]
  sold.stripe.set(lost.subscription.id, { status: 'canceled' })
  await sold.reconcile()
  expect(await isAwake(lost.key)).toBe(true)
  await later(day + 60_000, sold.reconcile)
  expect(await isAwake(lost.key)).toBe(false)
  expect(await lost.plans()).toEqual(['Stripe: pro', 'Stripe: free'])
  expect(await fine.plans()).toEqual(['Stripe: pro'])
})

test('a checkout that was paid and of which nothing ever came back is found too', async () => {
  const buyer = await makeBuyer(sold)
  sold.stripe.pay(leadsTo(await buyer.checkout('pro')))
  await later(day + 60_000, sold.reconcile)
  expect(await buyer.plans()).toEqual(['Stripe: pro'])
})

test('while Stripe is away: the checkout says so, an event is kept and applied when it is back, pages go on', async () => {
  const { subscription, key, plans, owner, home } = await makeSubscriber(sold)
  const other = await makeBuyer(sold)
  sold.stripe.state.isDown = true
  const refused = await other.checkout('pro')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '30'])
  expect(textOf(refused.html)).toContain('Stripe, which takes the payments here, cannot be reached at the moment.')
  expect((await owner.post(`${home}/plan/portal`, { task: 'manage' })).status).toBe(503)
  expect((await owner.get(`${home}/plan`)).status).toBe(200)
  expect((await owner.get(`${home}/plan?back=checkout`)).status).toBe(303)
  const ended = sold.stripe.set(subscription.id, { status: 'canceled' })
  expect((await sold.tell('customer.subscription.deleted', ended)).status).toBe(200)
  await later(2 * day, sold.reconcile)
  expect(await plans()).toEqual(['Stripe: pro'])
  expect(await isAwake(key)).toBe(true)

  sold.stripe.state.isDown = false
  await sold.reconcile()
  expect(await isAwake(key)).toBe(false)
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
  expect(leadsTo(await other.checkout('pro'))).toMatch(/^https:/)
})

test('back from the checkout while Stripe is away, the page says that it is not confirmed yet', async () => {
  const buyer = await makeBuyer(sold)
  sold.stripe.pay(leadsTo(await buyer.checkout('pro')))
  sold.stripe.state.isDown = true
  const { location } = await buyer.owner.get(`${buyer.home}/plan?back=checkout`)
  sold.stripe.state.isDown = false
  expect(textOf((await buyer.owner.get(location ?? '')).html)).toContain('has not confirmed the payment yet')
})

test('a process that ends while Stripe is asked leaves the question, and the next run asks it again', async () => {
  const { subscription, plans, organisation } = await makeSubscriber(sold)
  sold.stripe.set(subscription.id, { status: 'canceled' })
  await sold.product.database.owner.kysely
    .updateTable('billing_accounts')
    .set((eb) => ({ last_question: eb('last_question', '+', 1) }))
    .where('organisation_id', '=', organisation.id)
    .execute()
  await sold.reconcile()
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
  const asked = sold.stripe.requests.length
  await sold.reconcile()
  expect(sold.stripe.requests.length).toBe(asked)
})

test('a Stripe account that does not know the customer takes no plan away: the key may be the wrong one', async () => {
  const { subscription, plans, key } = await makeSubscriber(sold)
  const known = sold.stripe.customers.get(String(subscription.customer))
  sold.stripe.customers.delete(String(subscription.customer))
  await later(day + 60_000, sold.reconcile)
  expect(await isAwake(key)).toBe(true)
  expect(sold.product.logged()).toContain('has no customer')
  if (known) sold.stripe.customers.set(known.id, { id: known.id, object: 'customer', deleted: true })
  await later(2 * day + 60_000, sold.reconcile)
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
})

test('a plan set on the command line holds until what Stripe gives changes', async () => {
  const { subscription, plans, organisation } = await makeSubscriber(sold)
  await orgSetPlan(sold.product.services, { org: organisation.slug, plan: 'team' })
  await sold.tell('invoice.paid', { object: 'invoice', customer: subscription.customer })
  await later(day + 60_000, sold.reconcile)
  expect(await plans()).toEqual(['Stripe: pro', 'System: team'])
  await sold.tell('customer.subscription.deleted', sold.stripe.set(subscription.id, { status: 'canceled' }))
  expect(await plans()).toEqual(['Stripe: pro', 'System: team', 'Stripe: free'])
})
