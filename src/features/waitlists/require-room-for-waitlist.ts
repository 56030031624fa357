import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { planRules } from '../plans/plan-rules.ts'

/** @throws AppError `limit_reached` when the plan allows no further waitlist. Archived ones do not count. */
export async function requireRoomForWaitlist(ctx: TransactionContext): Promise<void> {
  const { maxWaitlists, label } = planRules(ctx.organisation.plan)
  if (maxWaitlists === null) return
  const open = await ctx.sql
    .selectFrom('waitlists')
    .select('id')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('archived_at', 'is', null)
    .limit(maxWaitlists)
    .execute()
  if (open.length >= maxWaitlists) {
    throw new AppError(
      'limit_reached',
      `The ${label} plan allows ${maxWaitlists === 1 ? '1 waitlist' : `${maxWaitlists} waitlists`}. Archive one, or change the plan on the Plan page.`,
    )
  }
}

/** Why no further waitlist can be made now; undefined while there is room. */
export async function findNoRoomForWaitlist(ctx: Context): Promise<AppError | undefined> {
  try {
    await inSnapshot(ctx, requireRoomForWaitlist)
    return undefined
  } catch (error) {
    if (error instanceof AppError && error.code === 'limit_reached') return error
    throw error
  }
}
