import type { Stripe } from 'stripe'
import { randomBase62 } from '../src/platform/secrets.ts'

export interface Reply {
  status: number
  json: unknown
}

export interface Refusal {
  refused: Reply
}

const day = 86_400
const nowSeconds = () => Math.floor(Date.now() / 1_000)

/** `a[b][0]=c` stays under its own name. */
export function readFields(encoded: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(encoded))
}

function metadataOf(sent: Record<string, string>): Record<string, string> {
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

export function makeCustomer(sent: Record<string, string>): Stripe.Customer {
  const customer: Partial<Stripe.Customer> = {
    id: `cus_${randomBase62(14)}`,
    object: 'customer',
    created: nowSeconds(),
    name: sent.name ?? null,
    email: null,
    metadata: metadataOf(sent),
    livemode: false,
  }
  return customer as Stripe.Customer
}

export function makePrice(id: string): Stripe.Price {
  const price: Partial<Stripe.Price> = {
    id,
    object: 'price',
    active: true,
    currency: 'eur',
    unit_amount: id.startsWith('price_team') ? 9_900 : 2_900,
    // An older price, price_pro_2024, is of the same product.
    product: id.replace(/^price_([a-z]+).*/, 'prod_$1'),
    recurring: { interval: 'month', interval_count: 1, meter: null, usage_type: 'licensed', trial_period_days: null },
    type: 'recurring',
    metadata: {},
  }
  return price as Stripe.Price
}

export function makeSession(sent: Record<string, string>): Stripe.Checkout.Session {
  const id = `cs_test_${randomBase62(48)}`
  const price = makePrice(sent['line_items[0][price]'] ?? '')
  const session = {
    id,
    object: 'checkout.session',
    mode: sent.mode,
    status: 'open',
    customer: sent.customer,
    client_reference_id: sent.client_reference_id,
    created: nowSeconds(),
    expires_at: nowSeconds() + day,
    metadata: metadataOf(sent),
    success_url: sent.success_url,
    cancel_url: sent.cancel_url,
    subscription: null,
    line_items: { object: 'list', data: [{ price, quantity: 1 }] },
    url: `https://checkout.stripe.com/c/pay/${id}`,
  }
  return session as unknown as Stripe.Checkout.Session
}

export function makeSubscription(customer: string, price: Stripe.Price): Stripe.Subscription {
  const item = {
    id: `si_${randomBase62(14)}`,
    object: 'subscription_item',
    price,
    quantity: 1,
    current_period_start: nowSeconds(),
    current_period_end: nowSeconds() + 30 * day,
  }
  const subscription = {
    id: `sub_${randomBase62(24)}`,
    object: 'subscription',
    customer,
    status: 'active',
    created: nowSeconds(),
    items: { object: 'list', data: [item], has_more: false, url: '/v1/subscription_items' },
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    metadata: {},
    livemode: false,
  }
  return subscription as unknown as Stripe.Subscription
}
