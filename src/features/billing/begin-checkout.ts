import type { Stripe } from 'stripe'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { askStripe, onlyOnce } from '../../platform/net/ask-stripe.ts'
import { isPlan } from '../plans/plan-rules.ts'
import { type BillingAccount, findBillingAccount, isLive } from './billing-account.ts'
import { ensureCustomer } from './ensure-customer.ts'
import { syncSubscription } from './sync-subscription.ts'

/** Somebody who comes back to a checkout needs time to finish it. */
const leastSecondsLeft = 3_600

/**
 * Where the owner pays for a plan, at Stripe. Of an organisation's checkouts one is open at most: the same plan asked for
 * again, in another tab too, leads to the same one, and another plan ends the one before. Nothing is bought here.
 * @throws AppError `conflict` where there is a subscription already, `validation_failed`, `forbidden`, `unavailable`.
 */
export async function beginCheckout(ctx: Context, plan: string): Promise<{ url: string }> {
  requireRole(ctx, 'owner')
  if (!isPlan(plan) || plan === 'free') throw fieldError('plan', 'refused', 'Choose one of the plans: pro or team.')
  await ensureCustomer(ctx)
  // What was paid for a moment ago, in another tab, counts before its event has come.
  await syncSubscription(ctx)
  const account = await findBillingAccount(ctx)
  if (!account) throw new AppError('conflict', 'The organisation changed meanwhile. Try again.')
  if (isLive(account.status)) throw alreadySubscribed()
  const open = await reuseOrExpire(ctx, account, plan)
  if (open) return open
  const session = await createSession(ctx, account, plan)
  if (!(await claim(ctx, account, session.id))) {
    await askStripe(ctx, ({ checkout }) => checkout.sessions.expire(session.id)).catch(() => undefined)
    throw new AppError('conflict', 'Another checkout was begun at the same moment. Go on there, or try again.')
  }
  if (!session.url) throw new AppError('conflict', 'This checkout is over. Try again.')
  return { url: session.url }
}

function alreadySubscribed(): AppError {
  return new AppError(
    'conflict',
    'This organisation has a subscription already, so a second one was not begun. Change it under Manage billing.',
  )
}

async function reuseOrExpire(
  ctx: Context,
  { checkout_session_id: id, customer_id }: BillingAccount,
  plan: string,
): Promise<{ url: string } | undefined> {
  if (id === null) return undefined
  return askStripe(ctx, async ({ checkout }) => {
    const session = await checkout.sessions.retrieve(id)
    if (session.status !== 'open' || session.customer !== customer_id) return undefined
    const secondsLeft = session.expires_at - ctx.now().getTime() / 1_000
    if (session.metadata?.plan === plan && session.url && secondsLeft > leastSecondsLeft) return { url: session.url }
    try {
      await checkout.sessions.expire(id)
    } catch {
      // It was paid, or ran out, between the two.
      const { status } = await checkout.sessions.retrieve(id)
      if (status === 'complete') throw alreadySubscribed()
    }
    return undefined
  })
}

function createSession(ctx: Context, account: BillingAccount, plan: 'pro' | 'team'): Promise<Stripe.Checkout.Session> {
  const { id, slug } = ctx.organisation
  const page = `${ctx.config.publicUrl}/o/${slug}/plan`
  return askStripe(ctx, ({ checkout }, { pricePro, priceTeam }) => {
    const wanted: Stripe.Checkout.SessionCreateParams = {
      mode: 'subscription',
      customer: account.customer_id,
      client_reference_id: id,
      line_items: [{ price: plan === 'pro' ? pricePro : priceTeam, quantity: 1 }],
      metadata: { organisation_id: id, plan },
      subscription_data: { metadata: { organisation_id: id } },
      allow_promotion_codes: true,
      success_url: `${page}?back=checkout`,
      cancel_url: `${page}?left=1`,
    }
    return checkout.sessions.create(wanted, onlyOnce('checkout', [wanted, account.checkout_session_id]))
  })
}

/** False where another tab's checkout came first. */
function claim(ctx: Context, before: BillingAccount, sessionId: string): Promise<boolean> {
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'owner')
    const account = await ctx.sql
      .selectFrom('billing_accounts')
      .select(['customer_id', 'checkout_session_id'])
      .where('organisation_id', '=', ctx.organisation.id)
      .executeTakeFirst()
    if (account?.checkout_session_id === sessionId) return true
    if (account?.customer_id !== before.customer_id || account.checkout_session_id !== before.checkout_session_id)
      return false
    await ctx.sql
      .updateTable('billing_accounts')
      .set({ checkout_session_id: sessionId })
      .where('organisation_id', '=', ctx.organisation.id)
      .execute()
    return true
  })
}
