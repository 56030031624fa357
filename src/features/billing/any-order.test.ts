import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mailsTo } from '../../../test/people.ts'
import { leadsTo, makeBuyer, makeSoldProduct, type SoldProduct } from '../../../test/sold.ts'
import { makePrice, makeSubscription } from '../../../test/stripe-objects.ts'
import { signEvent } from '../../../test/stripe-server.ts'

let sold: SoldProduct
let clock = 0
beforeAll(async () => {
  sold = await makeSoldProduct()
  sold.product.services.now = () => new Date(Date.now() + clock)
})
afterAll(() => sold.close())

const statuses = [
  'active',
  'trialing',
  'past_due',
  'unpaid',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'paused',
] as const
const step = fc.oneof(
  fc.record({ do: fc.constant('change' as const), status: fc.constantFrom(...statuses), team: fc.boolean() }),
  fc.record({ do: fc.constant('deliver' as const), which: fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }) }),
  fc.record({ do: fc.constant('stripe' as const), isDown: fc.boolean() }),
  fc.record({ do: fc.constant('reconcile' as const) }),
  fc.record({ do: fc.constant('return' as const) }),
)

/** What a subscription gives, said a second time, from the product's description. */
function givenBy(status: string, team: boolean): string {
  return status === 'active' || status === 'trialing' ? (team ? 'team' : 'pro') : 'free'
}

test('whatever happens at Stripe, and however its events come or are lost, the plan ends as what is paid for, with one row for each change and one mail for each end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), fc.boolean(), async (steps, isLost) => {
      const buyer = await makeBuyer(sold)
      let current = sold.stripe.pay(leadsTo(await buyer.checkout('pro')))
      let given = 'pro'
      const events = [signEvent('customer.subscription.created', current)]
      const deliver = async (which: number[]) =>
        Promise.all(which.map((n) => sold.deliver(events[n % events.length] ?? { body: '', signature: '' })))
      for (const taken of steps) {
        if (taken.do === 'change') {
          const { items } = makeSubscription('', makePrice(taken.team ? 'price_team' : 'price_pro'))
          current = sold.stripe.set(current.id, { status: taken.status, items })
          given = givenBy(taken.status, taken.team)
          events.push(signEvent('customer.subscription.updated', current))
        } else if (taken.do === 'deliver') {
          for (const { status } of await deliver(taken.which)) expect(status).toBe(200)
        } else if (taken.do === 'stripe') sold.stripe.state.isDown = taken.isDown
        else if (taken.do === 'reconcile') await sold.reconcile()
        else await buyer.owner.get(`${buyer.home}/plan?back=portal`)
      }
      sold.stripe.state.isDown = false
      if (isLost) clock = 86_460_000
      else await deliver(events.map((_, n) => events.length - 1 - n))
      await sold.reconcile()
      clock = 0
      const told = (await buyer.plans()).map((row) => row.replace('Stripe: ', ''))
      expect(['free', ...told].at(-1)).toBe(given)
      expect(told.filter((plan, n) => plan === (told[n - 1] ?? 'free'))).toEqual([])
      const mails = await mailsTo(sold.product, buyer.organisation.owner.email)
      const { name } = buyer.organisation.ctx.organisation
      const drops = told.filter((plan) => plan === 'free')
      expect(mails.map(({ subject }) => subject)).toEqual(drops.map(() => `${name} is on the Free plan`))
    }),
    { numRuns: 12 },
  )
}, 60_000)
