import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { askStripe, onlyOnce } from '../../platform/net/ask-stripe.ts'
import { findBillingAccount } from './billing-account.ts'

/**
 * Makes the organisation a customer of Stripe's, once; in two tabs at the same time as well. A customer that is gone at Stripe is
 * replaced.
 * @throws AppError `unavailable`.
 */
export async function ensureCustomer(ctx: Context): Promise<void> {
  const known = (await findBillingAccount(ctx))?.customer_id
  if (known !== undefined && !(await isGone(ctx, known))) return
  const wanted = {
    name: ctx.organisation.name,
    metadata: { organisation_id: ctx.organisation.id, slug: ctx.organisation.slug },
  }
  const made = await askStripe(ctx, ({ customers }) =>
    customers.create(wanted, onlyOnce('customer', [wanted, known ?? null])),
  )
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'owner')
    await ctx.sql
      .insertInto('billing_accounts')
      .values({ organisation_id: ctx.organisation.id, customer_id: made.id, ...nothingYet })
      .onConflict((conflict) =>
        conflict
          .column('organisation_id')
          .doUpdateSet({ customer_id: made.id, checkout_session_id: null })
          .where('billing_accounts.customer_id', '=', known ?? ''),
      )
      .execute()
  })
}

const nothingYet = {
  checkout_session_id: null,
  subscription_id: null,
  status: null,
  past_due_since: null,
  renews_at: null,
  ends_at: null,
}

/** Deleted there, or never there: the keys of Stripe's test mode were exchanged for those of the live one. */
async function isGone(ctx: Context, customerId: string): Promise<boolean> {
  try {
    return await askStripe(ctx, async ({ customers }) => (await customers.retrieve(customerId)).deleted === true)
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return true
    throw error
  }
}
