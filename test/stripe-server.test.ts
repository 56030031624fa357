import { afterAll, beforeAll, expect, test } from 'vitest'
import { type StripeServer, startStripeServer } from './stripe-server.ts'

let stripe: StripeServer
beforeAll(async () => {
  stripe = await startStripeServer()
})
afterAll(() => stripe.close())

async function send(method: 'POST' | 'GET', path: string, fields: Record<string, string>) {
  const { STRIPE_API_URL, STRIPE_SECRET_KEY } = stripe.env
  const encoded = new URLSearchParams(fields).toString()
  const response = await fetch(`${STRIPE_API_URL}${path}${method === 'GET' ? `?${encoded}` : ''}`, {
    method,
    headers: { Authorization: `Bearer ${STRIPE_SECRET_KEY}` },
    ...(method === 'POST' ? { body: encoded } : {}),
  })
  const { id, error } = (await response.json()) as { id?: string; error?: { message: string } }
  return { status: response.status, id: id ?? '', message: error?.message }
}

test('what Stripe would refuse, its stand-in refuses: parameters that there are none of, at any depth', async () => {
  const { id: customer } = await send('POST', '/v1/customers', { name: 'Ada', 'metadata[any_name]': 'x' })
  const checkout = {
    mode: 'subscription',
    customer,
    success_url: 'https://example.com/',
    'line_items[0][price]': 'price_pro',
    'line_items[0][quantity]': '1',
    'subscription_data[metadata][organisation_id]': 'org_1',
  }
  expect((await send('POST', '/v1/checkout/sessions', checkout)).status).toBe(200)
  const unknown: ['POST' | 'GET', string, string][] = [
    ['POST', '/v1/customers', 'naem'],
    ['POST', '/v1/customers', 'name[first]'],
    ['POST', '/v1/customers', 'metadata'],
    ['GET', `/v1/customers/${customer}`, 'expand'],
    ['GET', '/v1/prices/price_pro', 'customer'],
    ['POST', '/v1/checkout/sessions', 'sucess_url'],
    ['POST', '/v1/checkout/sessions', 'line_items[price]'],
    ['POST', '/v1/checkout/sessions', 'line_items[0][prize]'],
    ['POST', '/v1/checkout/sessions', 'subscription_data[metadata][a][b]'],
    ['POST', '/v1/checkout/sessions', 'toString'],
    ['POST', '/v1/billing_portal/sessions', 'flow_data[subscription_cancel][id]'],
  ]
  for (const [method, path, name] of unknown) {
    const { status, message } = await send(method, path, {
      ...(path.includes('checkout') ? checkout : {}),
      [name]: 'x',
    })
    expect([status, message]).toEqual([400, `Received unknown parameter: ${name}`])
  }
})
