import type { TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { askStripe } from '../../platform/net/ask-stripe.ts'
import type { Services } from '../../platform/services.ts'

/**
 * Part of deleting an organisation: notes its customer, whose subscriptions are then cancelled at Stripe and whose checkouts
 * are closed, if need be again and again until Stripe has answered.
 */
export async function cancelSubscriptionLater(ctx: TransactionContext): Promise<void> {
  const account = await ctx.sql
    .selectFrom('billing_accounts')
    .select('customer_id')
    .where('organisation_id', '=', ctx.organisation.id)
    .executeTakeFirst()
  if (!account) return
  await ctx.sql.insertInto('departed_customers').values({ customer_id: account.customer_id }).execute()
}

/** Ends at Stripe what deleted organisations left there. What fails comes again at the next call. */
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
