import { sql } from 'kysely'
import type { Stripe } from 'stripe'
import { type Context, inSnapshot } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { useStripe } from '../../platform/net/ask-stripe.ts'
import type { Services } from '../../platform/services.ts'
import { findOrganisationForStripe } from './billing-account.ts'
import { syncSubscription } from './sync-subscription.ts'

const toleranceSeconds = 300
const telling = /^(customer\.(deleted|subscription\.)|checkout\.session\.|invoice\.(paid|payment_|voided|marked_))/

/**
 * Takes an event of Stripe's. It only says that something changed for a customer; what holds now is asked. Once it has
 * returned, the change is applied, or, where Stripe could not be asked, will be by
 * `reconcileBilling`: a question without an answer is asked again. Events of customers and kinds that are
 * none of ours are taken and do nothing.
 * @throws AppError `invalid_request` for what Stripe did not sign within the last five minutes.
 */
export async function takeStripeEvent(
  services: Services,
  { body, signature }: { body: Buffer; signature: string },
  requestId: string,
): Promise<void> {
  const event = await verify(services, body, signature)
  const customerId = customerOf(event)
  if (!customerId) return
  const ctx = await findOrganisationOf(services, customerId, requestId)
  if (!ctx || (await isApplied(ctx, event.id))) return
  try {
    await syncSubscription(ctx, { id: event.id, created_at: new Date(event.created * 1_000) })
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error
    services.log.warn({ err: error, event: event.id }, 'Stripe could not be asked about its event; it is asked again')
  }
}

function verify(services: Services, body: Buffer, signature: string): Promise<Stripe.Event> {
  return useStripe(services.config, async ({ webhooks }, { webhookSecret }) => {
    try {
      const now = services.now().getTime()
      return webhooks.constructEvent(body, signature, webhookSecret, toleranceSeconds, undefined, now)
    } catch (cause) {
      throw new AppError('invalid_request', 'This is not an event that Stripe signed within the last five minutes.', {
        cause,
      })
    }
  })
}

function customerOf({ type, data }: Stripe.Event): string | undefined {
  if (!telling.test(type)) return undefined
  const object = data.object as { object?: unknown; id?: unknown; customer?: unknown }
  const named = object.object === 'customer' ? object.id : object.customer
  if (typeof named === 'string') return named
  return named && typeof named === 'object' && 'id' in named && typeof named.id === 'string' ? named.id : undefined
}

async function findOrganisationOf(
  services: Services,
  customerId: string,
  requestId: string,
): Promise<Context | undefined> {
  const { rows } = await sql<{ id: string | null }>`select organisation_of_customer(${customerId}) as id`.execute(
    services.db.kysely,
  )
  const id = rows[0]?.id
  return id ? findOrganisationForStripe(services, id, requestId) : undefined
}

async function isApplied(ctx: Context, eventId: string): Promise<boolean> {
  const applied = await inSnapshot(ctx, (ctx) =>
    ctx.sql
      .selectFrom('billing_events')
      .select('event_id')
      .where('organisation_id', '=', ctx.organisation.id)
      .where('event_id', '=', eventId)
      .executeTakeFirst(),
  )
  return applied !== undefined
}
