import type { Stripe } from 'stripe'

/**
 * What may be sent, in the shape of Stripe's own parameters, so that a name which Stripe does not have cannot be listed. A map
 * holds names of our own.
 */
type Shape<T> = T extends string | number | boolean
  ? 'value'
  : T extends readonly (infer Item)[]
    ? [Shape<Item>]
    : string extends keyof T
      ? 'map'
      : { [Name in keyof T]?: Shape<NonNullable<T[Name]>> }

/** A shape of which no type is left, to be walked through. */
export type Parameters = 'value' | 'map' | readonly [Parameters] | { readonly [name: string]: Parameters | undefined }

/** The parameters of each request that the product makes; any other is refused, as Stripe refuses it. */
export const parameters = {
  none: {},
  createCustomer: { name: 'value', metadata: 'map' } satisfies Shape<Stripe.CustomerCreateParams>,
  retrieveCustomer: { expand: ['value'] } satisfies Shape<Stripe.CustomerRetrieveParams>,
  listSubscriptions: { customer: 'value', limit: 'value' } satisfies Shape<Stripe.SubscriptionListParams>,
  updateSubscription: {
    cancel_at_period_end: 'value',
    metadata: 'map',
  } satisfies Shape<Stripe.SubscriptionUpdateParams>,
  createCheckout: {
    allow_promotion_codes: 'value',
    cancel_url: 'value',
    client_reference_id: 'value',
    customer: 'value',
    line_items: [{ price: 'value', quantity: 'value' }],
    metadata: 'map',
    mode: 'value',
    subscription_data: { metadata: 'map' },
    success_url: 'value',
  } satisfies Shape<Stripe.Checkout.SessionCreateParams>,
  listCheckouts: {
    customer: 'value',
    limit: 'value',
    status: 'value',
  } satisfies Shape<Stripe.Checkout.SessionListParams>,
  openPortal: {
    customer: 'value',
    flow_data: {
      subscription_cancel: { subscription: 'value' },
      subscription_update: { subscription: 'value' },
      type: 'value',
    },
    return_url: 'value',
  } satisfies Shape<Stripe.BillingPortal.SessionCreateParams>,
}

/** The first of the names sent, such as `line_items[0][price]`, that is no parameter; undefined where all are. */
export function findUnknown(allowed: Parameters, sent: Record<string, string>): string | undefined {
  return Object.keys(sent).find(
    (name) =>
      !isAllowed(
        allowed,
        name.split(/\]?\[|\]$/).filter((part) => part !== ''),
      ),
  )
}

function isAllowed(allowed: Parameters | undefined, [first, ...rest]: string[]): boolean {
  if (allowed === undefined) return false
  if (allowed === 'value') return first === undefined
  if (first === undefined) return false
  if (allowed === 'map') return rest.length === 0
  if (isList(allowed)) return /^\d+$/.test(first) && isAllowed(allowed[0], rest)
  return Object.hasOwn(allowed, first) && isAllowed(allowed[first], rest)
}

function isList(allowed: Parameters): allowed is readonly [Parameters] {
  return Array.isArray(allowed)
}
