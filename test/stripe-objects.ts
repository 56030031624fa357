import type { Stripe } from 'stripe'
import { randomBase62 } from '../src/platform/secrets.ts'

const day = 86_400

export const nowSeconds = () => Math.floor(Date.now() / 1_000)

export function metadataOf(sent: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sent).flatMap(([name, value]) => {
      const [, key] = /^metadata\[(\w+)\]$/.exec(name) ?? []
      return key ? [[key, value]] : []
    }),
  )
}

/** As Stripe does: metadata is merged, and an empty value takes a key away. */
export function changeOfSubscription(
  known: Stripe.Subscription,
  sent: Record<string, string>,
): Partial<Stripe.Subscription> {
  const metadata = Object.entries({ ...known.metadata, ...metadataOf(sent) }).filter(([, value]) => value !== '')
  const cancel_at_period_end = sent.cancel_at_period_end === 'true'
  return { cancel_at_period_end, metadata: Object.fromEntries(metadata) }
}

export function makeList<T>(data: T[], url: string): Stripe.ApiList<T> {
  return { object: 'list', data, has_more: false, url }
}

export function makeCustomer(sent: Record<string, string>): Stripe.Customer {
  return {
    id: `cus_${randomBase62(14)}`,
    object: 'customer',
    balance: 0,
    created: nowSeconds(),
    default_source: null,
    description: null,
    email: null,
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: metadataOf(sent),
    name: sent.name ?? null,
    shipping: null,
  }
}

export function makePrice(id: string): Stripe.Price {
  const unit_amount = id.startsWith('price_team') ? 9_900 : 2_900
  return {
    id,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: nowSeconds(),
    currency: 'eur',
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    // An older price, price_pro_2024, is of the same product.
    product: id.replace(/^price_([a-z]+).*/, 'prod_$1'),
    recurring: { interval: 'month', interval_count: 1, meter: null, usage_type: 'licensed', trial_period_days: null },
    tax_behavior: null,
    tiers_mode: null,
    transform_quantity: null,
    type: 'recurring',
    unit_amount,
    unit_amount_decimal: null,
  }
}

export function makeSubscription(customer: string, price: Stripe.Price): Stripe.Subscription {
  const id = `sub_${randomBase62(24)}`
  const now = nowSeconds()
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: null, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: null,
    collection_method: 'charge_automatically',
    created: now,
    currency: price.currency,
    customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: null,
    default_source: null,
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: makeList([makeItem(id, price)], `/v1/subscription_items?subscription=${id}`),
    latest_invoice: `in_${randomBase62(24)}`,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: null,
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: now,
    status: 'active',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: null,
    trial_start: null,
  }
}

function makeItem(subscription: string, price: Stripe.Price): Stripe.SubscriptionItem {
  return {
    id: `si_${randomBase62(14)}`,
    object: 'subscription_item',
    billing_thresholds: null,
    created: nowSeconds(),
    current_period_end: nowSeconds() + 30 * day,
    current_period_start: nowSeconds(),
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: makePlan(price),
    price,
    quantity: 1,
    subscription,
    tax_rates: [],
  }
}

/** What prices were before; Stripe still sends it. */
function makePlan({ id, created, currency, product, unit_amount }: Stripe.Price): Stripe.Plan {
  return {
    id,
    object: 'plan',
    active: true,
    amount: unit_amount,
    amount_decimal: null,
    billing_scheme: 'per_unit',
    created,
    currency,
    interval: 'month',
    interval_count: 1,
    livemode: false,
    metadata: {},
    meter: null,
    nickname: null,
    product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  }
}
