import type { Stripe } from 'stripe'
import type { StripeConfig } from '../../platform/config.ts'
import { askStripe } from '../../platform/net/ask-stripe.ts'
import type { Services } from '../../platform/services.ts'

/** In words, such as "€29.00 a month"; undefined where Stripe did not say, or it depends. */
export type PlanPrices = Partial<Record<'pro' | 'team', string>>

const keptMs = 600_000
const keptAfterFailureMs = 30_000
/** The page does without them rather than wait. */
const briefly = { timeout: 2_000, maxNetworkRetries: 0 }
const kept = new WeakMap<StripeConfig, { until: number; prices: PlanPrices }>()

/** What the plans cost, as Stripe says; remembered for ten minutes. A page without prices is better than none. */
export async function listPlanPrices(services: Services): Promise<PlanPrices> {
  const { config, log, now } = services
  if (!config.stripe) return {}
  const known = kept.get(config.stripe)
  if (known && known.until > now().getTime()) return known.prices
  try {
    const prices = await askStripe(services, async (stripe, { pricePro, priceTeam }) => {
      const [pro, team] = await Promise.all([
        stripe.prices.retrieve(pricePro, {}, briefly),
        stripe.prices.retrieve(priceTeam, {}, briefly),
      ])
      return { ...named('pro', pro), ...named('team', team) }
    })
    kept.set(config.stripe, { until: now().getTime() + keptMs, prices })
    return prices
  } catch (error) {
    log.warn({ err: error }, 'the Plan page is shown without prices')
    kept.set(config.stripe, { until: now().getTime() + keptAfterFailureMs, prices: known?.prices ?? {} })
    return known?.prices ?? {}
  }
}

function named(plan: 'pro' | 'team', { unit_amount, currency, recurring }: Stripe.Price): PlanPrices {
  if (unit_amount === null || !recurring) return {}
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency })
  const amount = format.format(unit_amount / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2))
  const { interval, interval_count: count } = recurring
  return { [plan]: `${amount} ${count === 1 ? `a ${interval}` : `every ${count} ${interval}s`}` }
}
