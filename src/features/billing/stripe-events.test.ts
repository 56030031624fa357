import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import { makeProduct } from '../../../test/make.ts'
import { log, mailsTo, textOf } from '../../../test/people.ts'
import { leadsTo, makeBuyer, makeSoldProduct, makeSubscriber, type SoldProduct } from '../../../test/sold.ts'
import { makePrice, makeSubscription } from '../../../test/stripe-objects.ts'
import { signEvent } from '../../../test/stripe-server.ts'

let sold: SoldProduct
beforeAll(async () => {
  sold = await makeSoldProduct()
})
afterAll(() => sold.close())

const answerOf = (key: { secret: string }, product = sold.product) =>
  asApiKey(product, key.secret)
    .get('/key')
    .then(({ status, json }) => (status === 200 ? 200 : `${status} ${json.code}`))

test('a renewal that fails puts the key to sleep at once, in every process, and the payment wakes the same key', async () => {
  const { subscription, key, plans, owner, home, organisation } = await makeSubscriber(sold)
  const second = await makeProduct(sold.stripe.env, sold.product)
  try {
    expect([await answerOf(key), await answerOf(key, second)]).toEqual([200, 200])
    await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { status: 'past_due' }))
    expect([await answerOf(key), await answerOf(key, second)]).toEqual(Array(2).fill('403 feature_not_allowed'))
    const page = textOf((await owner.get(`${home}/plan`)).html)
    expect(page).toContain('The last payment failed. So the plan is Free for now')
    expect(page).toContain('Your API key is asleep')

    const paid = sold.stripe.set(subscription.id, { status: 'active' })
    await sold.tell('invoice.paid', { id: 'in_1', object: 'invoice', customer: paid.customer }, second)
    expect([await answerOf(key), await answerOf(key, second)]).toEqual([200, 200])
    expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free', 'Stripe: pro'])
    const [asleep, awake, ...more] = await mailsTo(sold.product, organisation.owner.email)
    expect(asleep?.text).toContain('The last payment failed. The plan of')
    expect(asleep?.text).toContain('Its API key is asleep: calls answer 403 feature_not_allowed until')
    expect(awake?.text).toContain('The subscription is in order.')
    expect(awake?.text).toContain('Its API key works again, as it was.')
    expect(more).toEqual([])
  } finally {
    await second.close()
  }
})

test('the row in the log names Stripe, which is nobody of the organisation', async () => {
  const { home } = await makeSubscriber(sold)
  const { kysely } = sold.product.database.owner
  const row = await kysely
    .selectFrom('activities as a')
    .innerJoin('organisations as o', 'o.id', 'a.organisation_id')
    .select(['a.actor_type', 'a.actor_id', 'a.actor_name', 'a.changes', 'a.ip', 'a.user_agent'])
    .where('o.slug', '=', home.slice(3))
    .where('a.action', '=', 'plan.changed')
    .executeTakeFirstOrThrow()
  expect(row).toEqual({
    actor_type: 'system',
    actor_id: null,
    actor_name: 'Stripe',
    changes: { before: { plan: 'free' }, after: { plan: 'pro' } },
    ip: null,
    user_agent: null,
  })
})

test('the same event many times, one after the other and all at once, is applied once', async () => {
  const buyer = await makeBuyer(sold)
  const event = signEvent('customer.subscription.created', sold.stripe.pay(leadsTo(await buyer.checkout('pro'))))
  const answers = await Promise.all(Array.from({ length: 6 }, () => sold.deliver(event)))
  expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200))
  const asked = sold.stripe.requests.length
  expect((await sold.deliver(event)).status).toBe(200)
  expect(sold.stripe.requests.length).toBe(asked)
  expect(await buyer.plans()).toEqual(['Stripe: pro'])
})

test('events in any order end in what holds at Stripe, and old ones bring nothing back', async () => {
  const { stripe } = sold
  const buyer = await makeBuyer(sold)
  const created = stripe.pay(leadsTo(await buyer.checkout('pro')))
  const failed = stripe.set(created.id, { status: 'past_due' })
  const upgraded = stripe.set(created.id, { status: 'active', items: itemsOf('price_team') })
  const ended = stripe.set(created.id, { status: 'canceled' })
  for (const subscription of [ended, upgraded, created, failed])
    expect((await sold.tell('customer.subscription.updated', subscription)).status).toBe(200)
  expect(await buyer.plans()).toEqual([])

  const again = stripe.subscribe(String(created.customer), 'price_team')
  await sold.tell('customer.subscription.deleted', ended)
  await sold.tell('customer.subscription.created', again)
  await sold.tell('customer.subscription.deleted', ended)
  expect(await buyer.plans()).toEqual(['Stripe: team'])
})

test('an answer of Stripe that was held up on its way does not undo a newer one', async () => {
  const { stripe } = sold
  const { subscription, plans, key } = await makeSubscriber(sold)
  const late = Promise.withResolvers<void>()
  const asked = Promise.withResolvers<void>()
  stripe.state.hold = () => {
    stripe.state.hold = undefined
    asked.resolve()
    return late.promise
  }
  const first = sold.tell('customer.subscription.updated', subscription)
  await asked.promise
  await sold.tell('customer.subscription.deleted', stripe.set(subscription.id, { status: 'canceled' }))
  expect(await answerOf(key)).toBe('403 feature_not_allowed')
  late.resolve()
  expect((await first).status).toBe(200)
  expect(await answerOf(key)).toBe('403 feature_not_allowed')
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
})

test('what Stripe did not sign, or signed long ago, or was changed on its way, is refused and changes nothing', async () => {
  const { subscription, plans } = await makeSubscriber(sold)
  const ended = sold.stripe.set(subscription.id, { status: 'canceled' })
  const type = 'customer.subscription.deleted'
  const good = signEvent(type, ended)
  const forged = [
    signEvent(type, ended, { secret: 'whsec_somebody_else' }),
    signEvent(type, ended, { at: Date.now() - 301_000 }),
    { body: good.body.replace('"canceled"', '"active"'), signature: good.signature },
    { body: `${good.body} `, signature: good.signature },
    { body: good.body, signature: '' },
    { body: good.body, signature: 't=1,v1=00' },
    { body: good.body, signature: good.signature.replace('v1=', 'v0=') },
    { body: '', signature: good.signature },
    { body: 'null', signature: good.signature },
  ]
  for (const event of forged) expect((await sold.deliver(event)).status).toBe(400)
  const large = signEvent(type, { ...ended, description: 'x'.repeat(1024 * 1024) })
  expect((await sold.deliver(large)).status).toBe(413)
  expect(await plans()).toEqual(['Stripe: pro'])
  expect((await sold.deliver(good)).status).toBe(200)
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
})

test('events of other kinds and of customers who are none of ours are taken, and Stripe is not asked', async () => {
  const asked = sold.stripe.requests.length
  const events: [string, unknown][] = [
    ['customer.subscription.created', makeSubscription('cus_of_another_shop', makePrice('price_pro'))],
    ['product.created', { id: 'prod_1', object: 'product' }],
    ['a.kind.of.tomorrow', { object: 'tomorrow', customer: 7 }],
    ['customer.subscription.updated', { object: 'subscription', customer: null }],
  ]
  for (const [type, object] of events) expect((await sold.tell(type, object)).status).toBe(200)
  expect(sold.stripe.requests.length).toBe(asked)
})

test('what each state of a subscription gives', async () => {
  const { subscription, plans, owner, home } = await makeSubscriber(sold)
  const states = [
    'trialing',
    'unpaid',
    'active',
    'incomplete',
    'active',
    'incomplete_expired',
    'active',
    'paused',
    'active',
    'canceled',
  ] as const
  for (const status of states)
    await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { status }))
  const [pro, free] = ['Stripe: pro', 'Stripe: free']
  expect(await plans()).toEqual([pro, free, pro, free, pro, free, pro, free, pro, free])
  expect(textOf((await owner.get(`${home}/plan`)).html)).toContain('there is none at present')
  expect((await log(sold.product, home)).filter(({ action }) => action === 'plan.changed')).toHaveLength(10)
})

test('the plan follows the price: another one of the same product too, and none for what is not sold here', async () => {
  const { subscription, plans } = await makeSubscriber(sold)
  for (const price of ['price_team', 'price_pro_2024', 'price_support', 'price_team_yearly'])
    await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { items: itemsOf(price) }))
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: team', 'Stripe: pro', 'Stripe: free', 'Stripe: team'])
})

test('cancelled at the end of the period: the plan stays until then, and the page says when', async () => {
  const { subscription, plans, owner, home } = await makeSubscriber(sold)
  const end = Date.UTC(2027, 0, 31) / 1_000
  const cancelled = sold.stripe.set(subscription.id, { cancel_at_period_end: true, cancel_at: end })
  await sold.tell('customer.subscription.updated', cancelled)
  expect(await plans()).toEqual(['Stripe: pro'])
  const page = (await owner.get(`${home}/plan`)).html
  expect(textOf(page)).toContain('was cancelled and ends on 31 January 2027; then the plan is Free')
  expect(page).not.toContain('Cancel the subscription')
  await sold.tell('customer.subscription.deleted', sold.stripe.set(subscription.id, { status: 'canceled' }))
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: free'])
})

test('of two subscriptions the greater plan counts, and the page tells to cancel one', async () => {
  const { subscription, plans, owner, home } = await makeSubscriber(sold)
  const other = sold.stripe.subscribe(String(subscription.customer), 'price_team')
  await sold.tell('customer.subscription.created', other)
  expect(textOf((await owner.get(`${home}/plan`)).html)).toContain('2 subscriptions run at the same time')
  await sold.tell('customer.subscription.deleted', sold.stripe.set(other.id, { status: 'canceled' }))
  expect(await plans()).toEqual(['Stripe: pro', 'Stripe: team', 'Stripe: pro'])
  expect(textOf((await owner.get(`${home}/plan`)).html)).not.toContain('at the same time')
})

test('one organisation’s event changes no other, and where Stripe is not configured there is no such address', async () => {
  const [one, other] = [await makeSubscriber(sold), await makeSubscriber(sold)]
  await sold.tell('customer.subscription.deleted', sold.stripe.set(one.subscription.id, { status: 'canceled' }))
  expect([await answerOf(one.key), await answerOf(other.key)]).toEqual(['403 feature_not_allowed', 200])
  const unsold = await makeProduct()
  expect((await sold.deliver(signEvent('ping', {}), unsold)).status).toBe(404)
  await unsold.close()
})

function itemsOf(price: string) {
  return makeSubscription('', makePrice(price)).items
}
