import type { Stripe } from 'stripe'
import { type Context, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { askStripe } from '../../platform/net/ask-stripe.ts'
import type { Plan } from '../plans/plan-rules.ts'
import { type BillingAccount, findBillingAccount, isLive } from './billing-account.ts'

export const portalTasks = ['manage', 'switch', 'cancel'] as const
type PortalTask = (typeof portalTasks)[number]

/** What an owner with a subscription does at Stripe to come from a plan to another; undefined where there is nothing to do, or no way. */
export function portalTaskFor({ status, ends_at }: BillingAccount, from: string, to: Plan): PortalTask | undefined {
  if (!isLive(status)) return undefined
  if (to === 'free') return ends_at ? undefined : 'cancel'
  return to === from || status === 'unpaid' || status === 'past_due' ? undefined : 'switch'
}

/**
 * Where the owner sees invoices, changes how they pay, switches the plan or cancels: Stripe's customer portal, opened at the
 * task where the portal is set up for it, at its start otherwise.
 * @throws AppError `conflict` before the first checkout, `forbidden`, `unavailable`.
 */
export async function openPortal(ctx: Context, task: PortalTask): Promise<{ url: string }> {
  requireRole(ctx, 'owner')
  const account = await findBillingAccount(ctx)
  if (!account) throw new AppError('conflict', 'Nothing has been paid for here yet, so there is nothing to manage.')
  const wanted: Stripe.BillingPortal.SessionCreateParams = {
    customer: account.customer_id,
    return_url: `${ctx.config.publicUrl}/o/${ctx.organisation.slug}/plan?back=portal`,
  }
  const flow = flowFor(account, task)
  return askStripe(ctx, async ({ billingPortal }) => {
    if (flow) {
      try {
        return await billingPortal.sessions.create({ ...wanted, flow_data: flow })
      } catch (error) {
        if (!(error instanceof Error && 'type' in error && error.type === 'StripeInvalidRequestError')) throw error
        ctx.log.warn(`Stripe's customer portal is not set up to ${task} a subscription: ${error.message}`)
      }
    }
    return billingPortal.sessions.create(wanted)
  })
}

function flowFor(
  { status, subscription_id: subscription }: BillingAccount,
  task: PortalTask,
): Stripe.BillingPortal.SessionCreateParams.FlowData | undefined {
  if (!isLive(status) || subscription === null) return undefined
  if (task === 'switch') return { type: 'subscription_update', subscription_update: { subscription } }
  if (task === 'cancel') return { type: 'subscription_cancel', subscription_cancel: { subscription } }
  return undefined
}
