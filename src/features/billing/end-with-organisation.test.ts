import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../../../test/as.ts'
import { mailsTo, textOf } from '../../../test/people.ts'
import { makeSoldProduct, makeSubscriber, type SoldProduct } from '../../../test/sold.ts'
import { makePrice } from '../../../test/stripe-objects.ts'
import { purgeOrganisations } from '../organisations/purge-organisations.ts'

const day = 86_400_000

let sold: SoldProduct
beforeAll(async () => {
  sold = await makeSoldProduct()
})
afterAll(() => sold.close())

/** Somebody who pays, with a second checkout still open. */
async function setUp() {
  const subscriber = await makeSubscriber(sold)
  const { home, owner, organisation, subscription, key } = subscriber
  const { name } = organisation.ctx.organisation
  const open = [...sold.stripe.sessions.values()].find(({ customer }) => customer === subscription.customer)
  Object.assign(open ?? {}, { status: 'open' })
  return {
    ...subscriber,
    open,
    remove: async () => expect((await owner.post(`${home}/settings/delete`, { confirmation: name })).status).toBe(303),
    restore: () => owner.post(`${home}/deleted/restore`),
    atStripe: () => sold.stripe.subscriptions.get(subscription.id),
    keyAnswers: async () => (await asApiKey(sold.product, key.secret).get('/key')).status,
  }
}

const purge = () =>
  purgeOrganisations({
    ...sold.product.services,
    db: sold.product.database.jobs,
    now: () => new Date(Date.now() + 7 * day + 60_000),
  })

test('from the deletion on nothing more is paid, and the page and the mail say so; taken back, the subscription goes on', async () => {
  const { owner, home, organisation, open, remove, restore, atStripe, keyAnswers, plans } = await setUp()
  await remove()
  await sold.reconcile()
  expect(atStripe()).toMatchObject({ status: 'active', cancel_at_period_end: true })
  expect(open?.status).toBe('expired')
  expect(textOf((await owner.get(`${home}/deleted`)).html)).toMatch(
    /No further payment is taken: the subscription ends on \d+ \w+ 20\d\d, unless you bring/,
  )
  expect((await mailsTo(sold.product, organisation.owner.email)).at(-1)?.text).toContain('No further payment is taken')

  expect((await restore()).location).toBe(`${home}/settings?saved=restored`)
  expect(textOf((await owner.get(`${home}/plan`)).html)).toContain('Stripe is being told that the organisation is back')
  await sold.reconcile()
  expect(atStripe()).toMatchObject({ status: 'active', cancel_at_period_end: false, metadata: {} })
  expect(textOf((await owner.get(`${home}/plan`)).html)).toContain('The subscription renews on')
  expect(await keyAnswers()).toBe(200)
  expect(await plans()).toEqual(['Stripe: pro'])
  const asked = sold.stripe.requests.length
  await sold.reconcile()
  expect(sold.stripe.requests.length).toBe(asked)
})

test('what the owner had cancelled before is still cancelled when the organisation is back', async () => {
  const { subscription, remove, restore, atStripe } = await setUp()
  await sold.tell('customer.subscription.updated', sold.stripe.set(subscription.id, { cancel_at_period_end: true }))
  await remove()
  await sold.reconcile()
  await restore()
  await sold.reconcile()
  expect(atStripe()?.cancel_at_period_end).toBe(true)
})

test('however long Stripe is away, it hears of the deletion, and of its being taken back', async () => {
  const { remove, restore, atStripe } = await setUp()
  const whileAway = async (work: () => Promise<unknown>) => {
    sold.stripe.state.isDown = true
    await work()
    await sold.reconcile()
    await sold.reconcile()
    sold.stripe.state.isDown = false
  }
  await whileAway(remove)
  expect(atStripe()?.cancel_at_period_end).toBe(false)
  await sold.reconcile()
  expect(atStripe()?.cancel_at_period_end).toBe(true)
  await whileAway(restore)
  expect(atStripe()?.cancel_at_period_end).toBe(true)
  await sold.reconcile()
  expect(atStripe()?.cancel_at_period_end).toBe(false)
})

test('taken back at the very moment in which Stripe is told of the deletion, the subscription goes on', async () => {
  const { subscription, remove, restore, atStripe } = await setUp()
  await remove()
  sold.stripe.state.hold = async (path) => {
    if (path !== `/v1/subscriptions/${subscription.id}`) return
    sold.stripe.state.hold = undefined
    await restore()
  }
  await sold.reconcile()
  await sold.reconcile()
  expect(atStripe()?.cancel_at_period_end).toBe(false)
})

test('what is paid on a checkout after all is cancelled too', async () => {
  const { subscription, remove } = await setUp()
  await remove()
  await sold.reconcile()
  sold.stripe.set(subscription.id, { status: 'canceled' })
  const late = sold.stripe.subscribe(String(subscription.customer), makePrice('price_team').id)
  await sold.tell('customer.subscription.created', late)
  await sold.reconcile()
  expect(sold.stripe.subscriptions.get(late.id)?.cancel_at_period_end).toBe(true)
})

test('a period that ends before the organisation is back leaves it on Free, and the page says so', async () => {
  const { subscription, owner, home, organisation, remove, restore, keyAnswers, plans } = await setUp()
  await remove()
  await sold.reconcile()
  await sold.tell('customer.subscription.deleted', sold.stripe.set(subscription.id, { status: 'canceled' }))
  const back = await restore()
  expect(textOf((await owner.get(back.location ?? '')).html)).toContain('back as it was, on the Free plan')
  await sold.reconcile()
  expect(textOf((await owner.get(`${home}/plan`)).html)).toContain('there is none at present')
  expect([await keyAnswers(), await plans()]).toEqual([403, ['Stripe: pro', 'Stripe: free']])
  const subjects = (await mailsTo(sold.product, organisation.owner.email)).map(({ subject }) => subject)
  expect(subjects).toEqual([expect.stringContaining('is deleted'), expect.stringContaining('is back')])
})

test('gone for good, it is cancelled at once, and its checkout closed, however long Stripe is away', async () => {
  const { subscription, open, remove, atStripe } = await setUp()
  sold.stripe.state.isDown = true
  await remove()
  await sold.reconcile()
  await purge()
  await sold.reconcile()
  expect(atStripe()?.status).toBe('active')
  sold.stripe.state.isDown = false
  await sold.reconcile()
  expect(atStripe()?.status).toBe('canceled')
  expect(open?.status).toBe('expired')
  const asked = sold.stripe.requests.length
  await sold.reconcile()
  expect(sold.stripe.requests.length).toBe(asked)
  expect((await sold.tell('customer.subscription.deleted', subscription)).status).toBe(200)
})
