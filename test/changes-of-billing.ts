import { byOwner, type Change } from './changes.ts'
import { deliver, makeSubscriber, type SoldProduct } from './sold.ts'
import { signEvent } from './stripe-server.ts'

const numbered = 'a question to Stripe is numbered before it is asked, and a customer there is kept once there is one'

/** Every change where plans are sold. */
export function changesOfBilling(sold: SoldProduct): Change[] {
  return [
    {
      ...byOwner('/o/:slug/plan/checkout', { nothing: 'the plan follows what Stripe tells' }, async ({ form }) =>
        form('plan/checkout', { plan: 'pro' }),
      ),
      piecewise: numbered,
    },
    {
      route: 'POST /o/:slug/plan/portal',
      writes: { nothing: 'the plan follows what Stripe tells' },
      async begin() {
        const { owner, home } = await makeSubscriber(sold)
        return async () => {
          const { html, ...answer } = await owner.post(`${home}/plan/portal`, { task: 'manage' })
          return { ...answer, text: html }
        }
      },
    },
    {
      route: 'POST /webhooks/stripe',
      writes: ['plan.changed'],
      piecewise: numbered,
      async begin() {
        const { subscription } = await makeSubscriber(sold)
        const ended = { ...subscription, status: 'canceled' as const }
        sold.stripe.subscriptions.set(subscription.id, ended)
        const event = signEvent('customer.subscription.deleted', ended, { at: Date.now() })
        return () => deliver(sold.product, event)
      },
    },
  ]
}
