import { reconcileBilling } from '../src/features/billing/reconcile-billing.ts'
import type { Services } from '../src/platform/services.ts'
import { asUser } from './as.ts'
import { makeApiKey, makeOrganisation, makeProduct, type TestProduct } from './make.ts'
import { log } from './people.ts'
import { type StripeServer, signEvent, startStripeServer } from './stripe-server.ts'

/** The product where Stripe is the billing provider, and a Stripe to play with. */
export async function makeSoldProduct(env: Record<string, string> = {}) {
  const stripe = await startStripeServer()
  const product = await makeProduct({ ...stripe.env, ...env })
  for (const secret of [stripe.env.STRIPE_SECRET_KEY, stripe.env.STRIPE_WEBHOOK_SECRET]) product.issued.add(secret)
  const atWork = (): Services => ({ ...product.services, db: product.database.jobs })
  const close = async () => {
    await product.close()
    await stripe.close()
  }
  return {
    product,
    stripe,
    close,
    /** What runs by itself every minute. */
    reconcile: () => reconcileBilling(atWork()),
    deliver: (event: { body: string; signature: string }, to = product) => deliver(to, event),
    /** Stripe tells of something. */
    tell: (type: string, object: unknown, to = product) =>
      deliver(to, signEvent(type, object, { at: to.services.now().getTime() })),
  }
}

export type SoldProduct = Awaited<ReturnType<typeof makeSoldProduct>>

export async function deliver({ url }: TestProduct, { body, signature }: { body: string; signature: string }) {
  const response = await fetch(`${url}/webhooks/stripe`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'application/json; charset=utf-8', 'Stripe-Signature': signature },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** An organisation whose owner is signed in, on the plan it would be founded on. */
export async function makeBuyer({ product }: SoldProduct) {
  const organisation = await makeOrganisation(product, 'free')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  return {
    organisation,
    home,
    owner,
    checkout: (plan: string) => owner.post(`${home}/plan/checkout`, { plan }),
    /** What the log says the plan was, one after the other. */
    async plans() {
      const rows = (await log(product, home)).filter(({ action }) => action === 'plan.changed')
      return rows.map(({ actor_name, changes }) => {
        const { after } = changes as { after: { plan: string } }
        return `${actor_name}: ${after.plan}`
      })
    },
  }
}

export type Buyer = Awaited<ReturnType<typeof makeBuyer>>

/** Where the page in between leads. */
export function leadsTo({ headers }: { headers: Headers }): string {
  return (headers.get('refresh') ?? '').replace(/^0; url=/, '')
}

/** A buyer who has paid for a plan, with a key that works. */
export async function makeSubscriber(sold: SoldProduct, plan: 'pro' | 'team' = 'pro') {
  const buyer = await makeBuyer(sold)
  const subscription = sold.stripe.pay(leadsTo(await buyer.checkout(plan)))
  await sold.tell('customer.subscription.created', subscription)
  const key = await makeApiKey({ ...buyer.organisation, ctx: { ...buyer.organisation.ctx } })
  return { ...buyer, subscription, key }
}

export type { StripeServer }
