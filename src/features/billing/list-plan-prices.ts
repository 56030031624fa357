import type { StripeConfig } from '../../platform/config.ts'
import { askStripe } from '../../platform/net/ask-stripe.ts'
import type { Services } from '../../platform/services.ts'
import { priceInWords } from './price-in-words.ts'

/** In words, such as "€29 a month"; undefined where Stripe did not say, or it depends. */
export type PlanPrices = Partial<Record<'pro' | 'team', string | undefined>>

const keptMs = 600_000
const keptAfterFailureMs = 30_000
/** The page does without them rather than wait. */
const briefly = { timeout: 2_000, maxNetworkRetries: 0 }
const kept = new WeakMap<StripeConfig, { until: number; prices: PlanPrices }>()
const asking = new WeakMap<StripeConfig, Promise<PlanPrices>>()

/** What the plans cost, as Stripe says; remembered for ten minutes. A page without prices is better than none. */
export async function listPlanPrices(services: Services): Promise<PlanPrices> {
  const { config, now } = services
  if (!config.stripe) return {}
  const known = kept.get(config.stripe)
  if (known && known.until > now().getTime()) return known.prices
  // Many pages at once ask once.
  const asked = asking.get(config.stripe) ?? askForPrices(services, config.stripe, known?.prices ?? {})
  asking.set(config.stripe, asked)
  return asked
}

async function askForPrices(
  { config, db, log, now }: Services,
  key: StripeConfig,
  known: PlanPrices,
): Promise<PlanPrices> {
  try {
    // Prices are the server's, whose organisation's page shows them is no matter.
    const prices = await askStripe({ config, db }, async (stripe, { pricePro, priceTeam }) => {
      const [pro, team] = await Promise.all([
        stripe.prices.retrieve(pricePro, {}, briefly),
        stripe.prices.retrieve(priceTeam, {}, briefly),
      ])
      return { pro: priceInWords(pro), team: priceInWords(team) }
    })
    kept.set(key, { until: now().getTime() + keptMs, prices })
    return prices
  } catch (error) {
    log.warn({ err: error }, 'the Plan page is shown without prices')
    kept.set(key, { until: now().getTime() + keptAfterFailureMs, prices: known })
    return known
  } finally {
    asking.delete(key)
  }
}
