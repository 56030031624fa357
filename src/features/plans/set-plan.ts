import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { mailPlanChange } from './mail-plan-change.ts'
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
    await changePlan(ctx, plan)
    return { before: ctx.organisation.plan, after: plan }
  })
}

/**
 * The change itself, its row in the log, and the mail about keys that it puts to sleep or wakes; the plan that is set changes
 * nothing. `why` is a sentence for the owners where no person changed it.
 */
export async function changePlan(ctx: TransactionContext, plan: Plan, why?: string): Promise<void> {
  const { id, name, plan: before } = ctx.organisation
  if (before === plan) return
  await ctx.sql.updateTable('organisations').set({ plan }).where('id', '=', id).execute()
  await recordActivity(ctx, {
    action: 'plan.changed',
    targets: [{ type: 'organisation', id, name }],
    changes: { before: { plan: before }, after: { plan } },
  })
  await mailPlanChange(ctx, before, plan, why)
}
