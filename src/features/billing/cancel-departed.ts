import { AppError } from '../../platform/errors.ts'
import { askStripe } from '../../platform/net/ask-stripe.ts'
import type { Services } from '../../platform/services.ts'

/**
 * Cancels at Stripe the subscriptions that deleted organisations left there, and closes their checkouts. What fails is tried
 * again at the next call, however long Stripe is away.
 */
export async function cancelDeparted(services: Services): Promise<void> {
  const departed = await services.db.kysely.selectFrom('departed_customers').select('customer_id').execute()
  for (const { customer_id } of departed) {
    try {
      await endAt(services, customer_id)
      await services.db.kysely.deleteFrom('departed_customers').where('customer_id', '=', customer_id).execute()
    } catch (error) {
      services.log.error(
        { err: error },
        'the subscription of a deleted organisation is not cancelled yet; it is tried again',
      )
    }
  }
}

/** Checkouts first, so that none is paid after the subscriptions were looked through. */
async function endAt(services: Services, customer: string): Promise<void> {
  try {
    await askStripe(services, async ({ checkout, subscriptions }) => {
      const open = await checkout.sessions.list({ customer, status: 'open', limit: 100 })
      for (const { id } of open.data) await checkout.sessions.expire(id)
      const running = await subscriptions.list({ customer, limit: 100 })
      for (const { id, status } of running.data)
        if (status !== 'canceled' && status !== 'incomplete_expired') await subscriptions.cancel(id)
    })
  } catch (error) {
    // A customer who was deleted there has nothing that runs.
    if (!(error instanceof AppError && error.code === 'not_found')) throw error
  }
}
