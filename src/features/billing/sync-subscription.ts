import { sql } from 'kysely'
import { type Context, inTransaction, type TransactionContext } from '../../platform/context.ts'
import { changePlan } from '../plans/set-plan.ts'
import { askForSubscriptions } from './ask-for-subscriptions.ts'
import { asStripe, type BillingAccount, graceEndsAt } from './billing-account.ts'
import type { SubscriptionState } from './subscription-state.ts'

/**
 * Asks Stripe what the organisation has now, and makes the plan follow. Once it has returned, whatever happened at Stripe
 * before the call is applied, by this call or by one that came later: order, repetition and crashes do no harm. A plan that
 * was set by hand stays until what Stripe gives changes. `eventId` is noted as applied in the same transaction.
 * @throws AppError `unavailable` when Stripe does not answer, `not_found` for a customer it does not know: then nothing has changed.
 */
export async function syncSubscription(ctx: Context, eventId?: string): Promise<void> {
  const asked = await drawQuestion(ctx)
  if (!asked) return
  const state = await askForSubscriptions(ctx, asked.customer_id)
  await inTransaction(asStripe(ctx), async (ctx) => {
    const account = await readAccount(ctx)
    if (account?.customer_id === asked.customer_id && account.last_answer < asked.last_question)
      await apply(ctx, account, state, asked.last_question)
    if (eventId) {
      await ctx.sql
        .insertInto('billing_events')
        .values({ organisation_id: ctx.organisation.id, event_id: eventId })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
  })
}

function drawQuestion(ctx: Context): Promise<{ customer_id: string; last_question: number } | undefined> {
  return inTransaction(asStripe(ctx), (ctx) =>
    ctx.sql
      .updateTable('billing_accounts')
      .set((eb) => ({ last_question: eb('last_question', '+', 1) }))
      .where('organisation_id', '=', ctx.organisation.id)
      .returning(['customer_id', 'last_question'])
      .executeTakeFirst(),
  )
}

function readAccount(ctx: TransactionContext): Promise<BillingAccount | undefined> {
  return ctx.sql
    .selectFrom('billing_accounts')
    .selectAll()
    .where('organisation_id', '=', ctx.organisation.id)
    .executeTakeFirst()
}

async function apply(
  ctx: TransactionContext,
  account: BillingAccount,
  { paidPlan, ...state }: SubscriptionState,
  question: number,
): Promise<void> {
  const now = ctx.now()
  const past_due_since = state.status === 'past_due' ? (account.past_due_since ?? now) : null
  const graceEnd = graceEndsAt(ctx, { past_due_since })
  const isGiven = state.status === 'active' || state.status === 'trialing' || (graceEnd !== undefined && now < graceEnd)
  const plan = isGiven ? paidPlan : 'free'
  await ctx.sql
    .updateTable('billing_accounts')
    .set({
      ...state,
      // A subscription that is no longer listed is over.
      subscription_id: state.subscription_id ?? account.subscription_id,
      status: state.status ?? (account.status === null ? null : 'canceled'),
      plan,
      past_due_since,
      last_answer: question,
      checked_at: sql<Date>`clock_timestamp()`,
    })
    .where('organisation_id', '=', ctx.organisation.id)
    .execute()
  if (plan !== account.plan) await changePlan(ctx, plan)
}
