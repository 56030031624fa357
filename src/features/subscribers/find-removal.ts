import { type Context, inSnapshot } from '../../platform/context.ts'

/** When a person with this id was removed from a waitlist; undefined for those who are on it, and who never were. */
export async function findRemoval(
  ctx: Context,
  waitlistId: string,
  subscriberId: number,
): Promise<{ removed_at: Date } | undefined> {
  return inSnapshot(ctx, (ctx) =>
    ctx.sql
      .selectFrom('removed_subscribers')
      .select('removed_at')
      .where('organisation_id', '=', ctx.organisation.id)
      .where('waitlist_id', '=', waitlistId)
      .where('subscriber_id', '=', subscriberId)
      .executeTakeFirst(),
  )
}
