import type { Stripe } from 'stripe'
import { randomBase62 } from '../src/platform/secrets.ts'
import { makeList, makePrice, metadataOf, nowSeconds } from './stripe-objects.ts'

const day = 86_400

/** A checkout in subscription mode, of the one price that was asked for, open for a day. */
export function makeSession(sent: Record<string, string>): Stripe.Checkout.Session {
  const id = `cs_test_${randomBase62(48)}`
  const price = makePrice(sent['line_items[0][price]'] ?? '')
  const item = makeLineItem(price)
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: sent.allow_promotion_codes === 'true',
    allowed_payment_method_types: null,
    amount_subtotal: item.amount_subtotal,
    amount_total: item.amount_total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: sent.cancel_url ?? null,
    client_reference_id: sent.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: nowSeconds(),
    currency: price.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: sent.customer ?? null,
    customer_account: null,
    customer_creation: null,
    customer_details: null,
    customer_email: null,
    discounts: [],
    expires_at: nowSeconds() + day,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    line_items: makeList([item], `/v1/checkout/sessions/${id}/line_items`),
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: metadataOf(sent),
    mode: 'subscription',
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: 'always',
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ['card'],
    payment_status: 'unpaid',
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: sent.success_url ?? null,
    total_details: null,
    ui_mode: null,
    url: `https://checkout.stripe.com/c/pay/${id}`,
    wallet_options: null,
  }
}

function makeLineItem(price: Stripe.Price): Stripe.LineItem {
  const amount = price.unit_amount ?? 0
  return {
    id: `li_${randomBase62(14)}`,
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: null,
    metadata: null,
    price,
    quantity: 1,
  }
}

const flowTypes = ['customer_update', 'payment_method_update', 'subscription_cancel', 'subscription_update'] as const

/** The portal, opened at its start or at a task. Undefined for a task that there is none of. */
export function makePortal(sent: Record<string, string>, base: string): Stripe.BillingPortal.Session | undefined {
  const wanted = sent['flow_data[type]']
  const type = flowTypes.find((known) => known === wanted)
  if (wanted !== undefined && !type) return undefined
  const subscription = sent[`flow_data[${type}][subscription]`] ?? ''
  const flow: Stripe.BillingPortal.Session.Flow | null = type
    ? {
        after_completion: { hosted_confirmation: null, redirect: null, type: 'portal_homepage' },
        customer_update: null,
        subscription_cancel: type === 'subscription_cancel' ? { retention: null, subscription } : null,
        subscription_pause: null,
        subscription_update: type === 'subscription_update' ? { subscription } : null,
        subscription_update_confirm: null,
        type,
      }
    : null
  return {
    id: `bps_${randomBase62(24)}`,
    object: 'billing_portal.session',
    configuration: `bpc_${randomBase62(24)}`,
    created: nowSeconds(),
    customer: sent.customer ?? '',
    customer_account: null,
    flow,
    livemode: false,
    locale: null,
    on_behalf_of: null,
    return_url: sent.return_url ?? null,
    url: `${base}/p/${type ?? 'start'}`,
  }
}
