import type { Stripe } from 'stripe'
import { type Plan, planNames } from '../plans/plan-rules.ts'
import { isLive } from './billing-account.ts'

/** What a customer's subscriptions come to. */
export interface SubscriptionState {
  subscription_id: string | null
  status: string | null
  /** The plan that is paid for, whether or not the last payment came. */
  paidPlan: Plan
  live_subscriptions: number
  /** When what runs now began: a renewal that fails was due then. */
  period_began_at: Date | null
  renews_at: Date | null
  ends_at: Date | null
}

type PlanOfPrice = (price: Stripe.Price) => Plan | undefined

/** Of several subscriptions the one that gives most counts: whoever pays for two things has the greater. */
export function subscriptionState(
  subscriptions: readonly Stripe.Subscription[],
  planOfPrice: PlanOfPrice,
): SubscriptionState {
  const read = subscriptions.map((subscription) => ({ subscription, paidPlan: paidPlanOf(subscription, planOfPrice) }))
  const [first] = read.toSorted((a, b) => weight(b) - weight(a) || b.subscription.created - a.subscription.created)
  const live_subscriptions = subscriptions.filter(({ status }) => isLive(status)).length
  if (!first)
    return {
      subscription_id: null,
      status: null,
      paidPlan: 'free',
      live_subscriptions,
      period_began_at: null,
      renews_at: null,
      ends_at: null,
    }
  const { subscription, paidPlan } = first
  const [item] = subscription.items.data
  const periodEnd = item?.current_period_end
  const endsAt = subscription.cancel_at ?? (subscription.cancel_at_period_end ? periodEnd : undefined)
  return {
    subscription_id: subscription.id,
    status: subscription.status,
    paidPlan,
    live_subscriptions,
    period_began_at: toDate(item?.current_period_start),
    renews_at: toDate(periodEnd),
    ends_at: toDate(endsAt),
  }
}

/** Those that give a plan before those that are in arrears, these before the rest; among equals the greater plan. */
function weight({ subscription, paidPlan }: { subscription: Stripe.Subscription; paidPlan: Plan }): number {
  const { status } = subscription
  const standing = status === 'active' || status === 'trialing' ? 3 : status === 'past_due' ? 2 : isLive(status) ? 1 : 0
  return (paidPlan === 'free' ? 0 : standing * 10) + planNames.indexOf(paidPlan)
}

function paidPlanOf({ items }: Stripe.Subscription, planOfPrice: PlanOfPrice): Plan {
  const plans = items.data.map(({ price }) => planOfPrice(price) ?? 'free')
  return plans.toSorted((a, b) => planNames.indexOf(b) - planNames.indexOf(a))[0] ?? 'free'
}

function toDate(seconds: number | null | undefined): Date | null {
  return seconds ? new Date(seconds * 1_000) : null
}
