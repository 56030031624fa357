import { type Context, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { findWaitForTokens } from '../../platform/rate-limit/take-tokens.ts'
import { syncSubscription } from './sync-subscription.ts'

/** An owner may reload the page many times: three questions to Stripe at once, then one in half a minute. */
export const returnRule = { perSecond: 1 / 30, burst: 3 }

/**
 * The owner is back from Stripe and wants to see what they did, before the event of it has come. What fails here, or would be
 * one question too many, is waited for.
 */
export async function syncOnReturn(ctx: Context): Promise<void> {
  requireRole(ctx, 'owner')
  try {
    const wait = await findWaitForTokens(ctx.db, [
      { subject: `stripe-return:${ctx.organisation.id}`, rule: returnRule },
    ])
    if (wait === undefined) await syncSubscription(ctx)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    ctx.log.warn({ err: error }, 'Stripe could not be asked after a checkout; its event is waited for')
  }
}
