import { type Context, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { syncSubscription } from './sync-subscription.ts'

/** The owner is back from Stripe and wants to see what they did, before the event of it has come. What fails here is waited for. */
export async function syncOnReturn(ctx: Context): Promise<void> {
  requireRole(ctx, 'owner')
  try {
    await syncSubscription(ctx)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    ctx.log.warn({ err: error }, 'Stripe could not be asked after a checkout; its event is waited for')
  }
}
