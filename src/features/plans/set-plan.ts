import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { isPlan, type Plan } from './plan-rules.ts'

/** Without a billing provider the owner says what the plan is. */
export function isSwitchedByOwner({ config }: Context): boolean {
  return config.stripe === undefined
}

/**
 * Changes the organisation's plan. Once it has returned, every request received later meets the new plan, in every process:
 * keys fall asleep below Pro and wake when it is back. Setting the plan that is set changes nothing.
 * @throws AppError `validation_failed`, `forbidden` for all but the owner and the system.
 */
export async function setPlan(ctx: Context, plan: string): Promise<{ before: string; after: Plan }> {
  requireRole(ctx, 'owner')
  if (!isSwitchedByOwner(ctx) && ctx.actor.type !== 'system')
    throw new AppError('forbidden', 'The plan follows the subscription here; nobody switches it by hand.')
  if (!isPlan(plan)) throw fieldError('plan', 'refused', 'Choose one of the plans: free, pro or team.')
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'owner')
    const before = ctx.organisation.plan
    if (before === plan) return { before, after: plan }
    await ctx.sql.updateTable('organisations').set({ plan }).where('id', '=', ctx.organisation.id).execute()
    await recordActivity(ctx, {
      action: 'plan.changed',
      targets: [{ type: 'organisation', id: ctx.organisation.id, name: ctx.organisation.name }],
      changes: { before: { plan: before }, after: { plan } },
    })
    return { before, after: plan }
  })
}
