import { sql } from 'kysely'
import { type Context, inTransaction, type TransactionContext } from '../../platform/context.ts'
import { changePlan } from '../plans/set-plan.ts'
import { askForSubscriptions } from './ask-for-subscriptions.ts'
import { asStripe, type BillingAccount, graceEndsAt, isLive, problemOf } from './billing-account.ts'
import { mailFailedPayment } from './mail-failed-payment.ts'
import type { SubscriptionState } from './subscription-state.ts'

interface StripeEvent {
  id: string
  created_at: Date
}

/**
 * Asks Stripe what the organisation has now, and makes the plan follow. Once it has returned, whatever happened at Stripe
 * before the call is applied, by this call or by one that came later: order, repetition and crashes do no harm. A plan that
 * was set by hand stays until what Stripe gives changes. `event` is noted as applied in the same transaction.
 * @throws AppError `unavailable` when Stripe does not answer, `not_found` for a customer it does not know: then nothing has changed.
 */
export async function syncSubscription(ctx: Context, event?: StripeEvent): Promise<void> {
  const asked = await drawQuestion(ctx)
  if (!asked) return
  const state = await askForSubscriptions(ctx, asked.customer_id)
  await inTransaction(asStripe(ctx), async (ctx) => {
    const account = await readAccount(ctx)
    if (account?.customer_id === asked.customer_id && account.last_answer < asked.last_question)
      await apply(ctx, account, state, { question: asked.last_question, event })
    if (event) {
      await ctx.sql
        .insertInto('billing_events')
        .values({ organisation_id: ctx.organisation.id, event_id: event.id })
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
  { paidPlan, period_began_at, ...state }: SubscriptionState,
  asked: { question: number; event: StripeEvent | undefined },
): Promise<void> {
  const now = ctx.now()
  const isPastDue = state.status === 'past_due'
  const times = [account.checked_at, period_began_at, asked.event?.created_at]
  const past_due_since = isPastDue ? (account.past_due_since ?? failedAt(times, now)) : null
  const graceEnd = graceEndsAt(ctx, { past_due_since })
  const isInGrace = graceEnd !== undefined && now < graceEnd
  const plan = state.status === 'active' || state.status === 'trialing' || isInGrace ? paidPlan : 'free'
  // A subscription that is no longer listed is over.
  const status = state.status ?? (account.status === null ? null : 'canceled')
  await ctx.sql
    .updateTable('billing_accounts')
    .set({
      ...state,
      subscription_id: state.subscription_id ?? account.subscription_id,
      status,
      plan,
      past_due_since,
      last_answer: asked.question,
      checked_at: sql<Date>`clock_timestamp()`,
    })
    .where('organisation_id', '=', ctx.organisation.id)
    .execute()
  if (isInGrace && plan !== 'free' && !account.past_due_since) await mailFailedPayment(ctx, plan, graceEnd)
  if (plan !== account.plan) await changePlan(ctx, plan, whyOf(plan, status))
}

/**
 * When the payment failed that Stripe says is due: not before it was last seen to be in order, not before the renewal, and not
 * before what told of it. So days of grace are as many when we hear of it late.
 */
function failedAt(times: (Date | null | undefined)[], now: Date): Date {
  const latest = Math.max(...times.map((time) => time?.getTime() ?? 0))
  return new Date(Math.min(latest, now.getTime()))
}

function whyOf(plan: string, status: string | null): string {
  if (plan !== 'free') return 'The subscription is in order.'
  return problemOf(status) ?? (isLive(status) ? 'What is subscribed to is no plan.' : 'The subscription has ended.')
}
