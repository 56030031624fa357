import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { leadsTo, makeBuyer, makeSoldProduct, makeSubscriber, type SoldProduct } from '../../../test/sold.ts'
import { returnRule } from './sync-on-return.ts'

let sold: SoldProduct
beforeAll(async () => {
  sold = await makeSoldProduct()
})
afterAll(() => sold.close())
beforeEach(() => sql`delete from rate_limits`.execute(sold.product.database.owner.kysely))

const useUp = (subject: string) =>
  sql`insert into rate_limits (subject, tokens, refilled_at) values (${subject}, 0, clock_timestamp() + interval '1 hour')
    on conflict (subject) do update set tokens = 0, refilled_at = excluded.refilled_at`.execute(
    sold.product.database.owner.kysely,
  )
const askedDuring = async (work: () => Promise<unknown>) => {
  const before = sold.stripe.requests.length
  await work()
  return sold.stripe.requests.length - before
}

test('coming back from Stripe again and again asks it seldom, and the page shows all the same', async () => {
  const { owner, home } = await makeSubscriber(sold)
  await owner.get(`${home}/plan`)
  const asked = await askedDuring(async () => {
    const back = () => owner.get(`${home}/plan?back=checkout`)
    const answers = await Promise.all(Array.from({ length: 20 }, back))
    for (const answer of answers) expect(answer.location).toBe(`${home}/plan?paid=1`)
  })
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThanOrEqual(returnRule.burst)
})

test('one organisation that asks Stripe very often is refused, and another is not', async () => {
  const [busy, calm] = [await makeBuyer(sold), await makeBuyer(sold)]
  expect((await busy.checkout('pro')).status).toBe(200)
  await useUp(`stripe:${busy.organisation.id}`)
  const asked = await askedDuring(async () => expect((await busy.checkout('team')).status).toBe(429))
  expect(asked).toBe(0)
  expect((await calm.checkout('pro')).status).toBe(200)
})

test('what users press is limited for the whole server, and events and what is checked every minute are not', async () => {
  const buyer = await makeBuyer(sold)
  const subscription = sold.stripe.pay(leadsTo(await buyer.checkout('pro')))
  await useUp('server:stripe')
  await useUp(`stripe:${buyer.organisation.id}`)
  expect((await buyer.checkout('team')).status).toBe(429)
  expect((await sold.tell('customer.subscription.created', subscription)).status).toBe(200)
  expect(await buyer.plans()).toEqual(['Stripe: pro'])
  sold.stripe.set(subscription.id, { status: 'past_due' })
  await sql`update billing_accounts set checked_at = now() - interval '2 days'`.execute(
    sold.product.database.owner.kysely,
  )
  await sold.reconcile()
  expect(await buyer.plans()).toEqual(['Stripe: pro', 'Stripe: free'])
})

test('many Plan pages at once ask for the prices once', async () => {
  const fresh = await makeSoldProduct()
  try {
    const { owner, home } = await makeBuyer(fresh)
    await Promise.all(Array.from({ length: 10 }, () => owner.get(`${home}/plan`)))
    expect(fresh.stripe.requests.filter((one) => one.includes('/prices/'))).toHaveLength(2)
  } finally {
    await fresh.close()
  }
})
