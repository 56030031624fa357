import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Stripe } from 'stripe'
import { randomBase62 } from '../src/platform/secrets.ts'
import { changeOfSubscription, makeCustomer, makeList, makePrice, makeSubscription } from './stripe-objects.ts'
import { findUnknown, type Parameters, parameters } from './stripe-parameters.ts'
import { missing, Refusal, type Reply, toReply } from './stripe-replies.ts'
import { makePortal, makeSession } from './stripe-sessions.ts'

const webhookSecret = 'whsec_0123456789abcdef0123456789abcdef'
const prices = { pro: 'price_pro', team: 'price_team' }

export type StripeServer = Awaited<ReturnType<typeof startStripeServer>>

/** Plays Stripe's API over HTTP, in the shapes that Stripe publishes, as far as this product uses it. */
export async function startStripeServer() {
  const customers = new Map<string, Stripe.Customer | Stripe.DeletedCustomer>()
  const subscriptions = new Map<string, Stripe.Subscription>()
  const sessions = new Map<string, Stripe.Checkout.Session>()
  const answered = new Map<string, { asked: string; reply: Reply }>()
  const portals: Stripe.BillingPortal.Session[] = []
  const requests: string[] = []
  const state = {
    isDown: false,
    portalSetUp: true,
    /** Waits before an answer goes out, after it was made up. */
    hold: undefined as ((path: string) => Promise<void>) | undefined,
  }
  const ofCustomer = (id: string) => [...subscriptions.values()].filter(({ customer }) => customer === id)
  const current = (id: string) => ofCustomer(id).filter(({ status }) => status !== 'canceled')

  const routes: [string, Parameters, (id: string, sent: Record<string, string>) => unknown][] = [
    [
      'POST /v1/customers',
      parameters.createCustomer,
      (_, sent) => {
        const customer = makeCustomer(sent)
        customers.set(customer.id, customer)
        return customer
      },
    ],
    [
      'GET /v1/customers/:id',
      parameters.retrieveCustomer,
      (id, sent) => {
        const customer = customers.get(id)
        if (!customer || customer.deleted || sent['expand[0]'] !== 'subscriptions') return customer
        return { ...customer, subscriptions: makeList(current(id), `/v1/customers/${id}/subscriptions`) }
      },
    ],
    [
      'GET /v1/subscriptions',
      parameters.listSubscriptions,
      (_, { customer = '' }) =>
        customers.has(customer) ? makeList(current(customer), '/v1/subscriptions') : missing('customer'),
    ],
    [
      'POST /v1/subscriptions/:id',
      parameters.updateSubscription,
      (id, sent) => {
        const known = subscriptions.get(id)
        if (!known || known.status === 'canceled') return missing('subscription')
        return set(id, changeOfSubscription(known, sent))
      },
    ],
    [
      'DELETE /v1/subscriptions/:id',
      parameters.none,
      (id) => (subscriptions.has(id) ? set(id, { status: 'canceled' }) : undefined),
    ],
    [
      'POST /v1/checkout/sessions',
      parameters.createCheckout,
      (_, sent) => {
        if (!customers.has(sent.customer ?? '')) return missing('customer')
        if (sent.mode !== 'subscription') return new Refusal(400, 'Only subscriptions are sold here.')
        if (!sent.success_url) return new Refusal(400, 'Missing required param: success_url.')
        const session = makeSession(sent)
        sessions.set(session.id, session)
        return session
      },
    ],
    [
      'GET /v1/checkout/sessions',
      parameters.listCheckouts,
      (_, sent) => {
        const all = [...sessions.values()].filter(({ customer }) => customer === sent.customer)
        return makeList(
          all.filter(({ status }) => status === sent.status),
          '/v1/checkout/sessions',
        )
      },
    ],
    ['GET /v1/checkout/sessions/:id', parameters.none, (id) => sessions.get(id)],
    [
      'POST /v1/checkout/sessions/:id/expire',
      parameters.none,
      (id) => {
        const session = sessions.get(id)
        if (session?.status !== 'open')
          return new Refusal(400, 'Only Checkout Sessions with a status in ["open"] can be expired.')
        return Object.assign(session, { status: 'expired', url: null })
      },
    ],
    [
      'POST /v1/billing_portal/sessions',
      parameters.openPortal,
      (_, sent) => {
        if (!customers.has(sent.customer ?? '')) return missing('customer')
        const portal = makePortal(sent, url)
        if (!portal || (portal.flow && !state.portalSetUp))
          return new Refusal(400, `This feature in the portal configuration is disabled: ${sent['flow_data[type]']}`)
        portals.push(portal)
        return portal
      },
    ],
    ['GET /v1/prices/:id', parameters.none, (id) => makePrice(id)],
  ]

  function answer(method: string, path: string, body: string, key: string | undefined): Reply {
    const earlier = key ? answered.get(key) : undefined
    if (earlier && earlier.asked !== body)
      return new Refusal(400, 'Keys for idempotent requests', 'idempotency_error').reply
    if (earlier) return earlier.reply
    const address = new URL(path, 'http://stripe.test')
    const asked = `${method} ${address.pathname}`
    for (const [pattern, allowed, handle] of routes) {
      const match = new RegExp(`^${pattern.replace(':id', '(\\w+)')}$`).exec(asked)
      if (!match) continue
      // `a[b][0]=c` stays under its own name.
      const sent = Object.fromEntries(new URLSearchParams(method === 'POST' ? body : address.search))
      const unknown = findUnknown(allowed, sent)
      const reply = toReply(
        unknown === undefined
          ? handle(match[1] ?? '', sent)
          : new Refusal(400, `Received unknown parameter: ${unknown}`, 'invalid_request_error', 'parameter_unknown'),
      )
      if (key) answered.set(key, { asked: body, reply: structuredClone(reply) })
      return structuredClone(reply)
    }
    return new Refusal(404, `Unrecognized request URL (${asked})`).reply
  }

  async function serve(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const path = request.url ?? ''
    requests.push(`${request.method} ${path.split('?')[0]}`)
    if (state.isDown) return void response.writeHead(503, { 'Stripe-Should-Retry': 'false' }).end('{"error":{}}')
    const key = request.headers['idempotency-key']
    const { status, json } =
      request.headers.authorization === 'Bearer sk_test_the_right_one'
        ? answer(request.method ?? '', path, Buffer.concat(chunks).toString(), key === undefined ? key : String(key))
        : new Refusal(401, 'Invalid API Key provided').reply
    await state.hold?.(path)
    const headers = { 'Content-Type': 'application/json', 'Request-Id': `req_${randomBase62(14)}` }
    response.writeHead(status, headers).end(JSON.stringify(json))
  }

  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`

  /** Something changes at Stripe, without anybody being told. */
  function set(id: string, change: Partial<Stripe.Subscription>): Stripe.Subscription {
    const before = subscriptions.get(id)
    if (!before) throw new Error(`no subscription ${id}`)
    const after = { ...before, ...change }
    subscriptions.set(id, after)
    return structuredClone(after)
  }

  function subscribe(customer: string, price: string, change: Partial<Stripe.Subscription> = {}): Stripe.Subscription {
    const subscription = { ...makeSubscription(customer, makePrice(price)), ...change }
    subscriptions.set(subscription.id, subscription)
    return structuredClone(subscription)
  }

  return {
    env: {
      STRIPE_SECRET_KEY: 'sk_test_the_right_one',
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      STRIPE_PRICE_PRO: prices.pro,
      STRIPE_PRICE_TEAM: prices.team,
      STRIPE_API_URL: url,
    },
    state,
    requests,
    customers,
    subscriptions,
    sessions,
    portals,
    set,
    subscribe,
    /** Somebody pays on the checkout's page. */
    pay(sessionUrl: string): Stripe.Subscription {
      const session = [...sessions.values()].find((known) => known.url === sessionUrl)
      if (session?.status !== 'open') throw new Error('this checkout is not open')
      const subscription = subscribe(String(session.customer), session.line_items?.data[0]?.price?.id ?? '')
      Object.assign(session, { status: 'complete', payment_status: 'paid', url: null, subscription: subscription.id })
      return subscription
    },
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}

interface SignedAs {
  id?: string
  /** When it is delivered, and so signed. */
  at?: number
  happenedAt?: number
  secret?: string
}

/** An event as Stripe sends it: the exact body, and its signature. */
export function signEvent(
  type: string,
  object: unknown,
  { id = `evt_${randomBase62(24)}`, at = Date.now(), happenedAt = at, secret = webhookSecret }: SignedAs = {},
): { id: string; body: string; signature: string } {
  const created = Math.floor(happenedAt / 1_000)
  const event = {
    id,
    object: 'event',
    api_version: '2026-10-28.endive',
    created,
    type,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: null,
  }
  const body = JSON.stringify(event, null, 2)
  const signature = Stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret,
    timestamp: Math.floor(at / 1_000),
  })
  return { id, body, signature }
}
