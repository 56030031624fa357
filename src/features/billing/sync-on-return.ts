import { type Context, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { syncSubscription } from './sync-subscription.ts'

/** The owner is back from Stripe and wants to see what they did, before the event of it has come. Where Stripe is away, it waits for that. */
export async function syncOnReturn(ctx: Context): Promise<void> {
  requireRole(ctx, 'owner')
  try {
    await syncSubscription(ctx)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error
    ctx.log.warn({ err: error }, 'Stripe could not be asked after a checkout; its event is waited for')
  }
}
