import type { Stripe } from 'stripe'
import type { StripeConfig } from '../../platform/config.ts'
import { AppError } from '../../platform/errors.ts'
import { askStripe } from '../../platform/net/ask-stripe.ts'
import type { Services } from '../../platform/services.ts'
import type { Plan } from '../plans/plan-rules.ts'
import { type SubscriptionState, subscriptionState } from './subscription-state.ts'

/**
 * What a customer has at Stripe at this moment. A customer that Stripe never heard of is not taken for one without a
 * subscription: the secret key may be that of another account.
 * @throws AppError `unavailable`, `not_found`.
 */
export async function askForSubscriptions(services: Services, customerId: string): Promise<SubscriptionState> {
  return askStripe(services, async (stripe, prices) => {
    const customer = await retrieveCustomer(stripe, customerId)
    const subscriptions = customer.deleted ? [] : (customer.subscriptions?.data ?? [])
    return subscriptionState(subscriptions, await makePlanOfPrice(services, stripe, prices, subscriptions))
  })
}

/** With its subscriptions, but for those that are over. */
async function retrieveCustomer(stripe: Stripe, id: string): Promise<Stripe.Customer | Stripe.DeletedCustomer> {
  try {
    return await stripe.customers.retrieve(id, { expand: ['subscriptions'] })
  } catch (error) {
    if (!isMissing(error)) throw error
    throw new AppError('not_found', 'Stripe does not know this organisation; whoever runs this server should look.', {
      cause: new Error(`the Stripe account of STRIPE_SECRET_KEY has no customer ${id}`),
    })
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'resource_missing'
}

/** By the price's id, or else by its product: an old price and a yearly one give the same plan as the one for sale now. */
async function makePlanOfPrice(
  { log }: Services,
  stripe: Stripe,
  { pricePro, priceTeam }: StripeConfig,
  subscriptions: readonly Stripe.Subscription[],
): Promise<(price: Stripe.Price) => Plan | undefined> {
  const byPrice = new Map<string, Plan>([
    [pricePro, 'pro'],
    [priceTeam, 'team'],
  ])
  const used = subscriptions.flatMap(({ items }) => items.data.map(({ price }) => price))
  const byProduct = new Map<string, Plan>()
  if (used.some(({ id }) => !byPrice.has(id))) {
    const [pro, team] = await Promise.all([stripe.prices.retrieve(pricePro), stripe.prices.retrieve(priceTeam)])
    if (productOf(pro) !== productOf(team)) byProduct.set(productOf(pro), 'pro').set(productOf(team), 'team')
  }
  return (price) => {
    const plan = byPrice.get(price.id) ?? byProduct.get(productOf(price))
    if (!plan) log.warn({ price: price.id }, 'a subscription has a price that is that of no plan')
    return plan
  }
}

function productOf({ product }: Stripe.Price): string {
  return typeof product === 'string' ? product : product.id
}
