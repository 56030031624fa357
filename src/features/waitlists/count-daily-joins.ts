import { sql } from 'kysely'
import { type Context, inSnapshot } from '../../platform/context.ts'

const dayMs = 86_400_000

/** How many joined these waitlists on each of the last days (UTC), today last. Those that nobody joined are not in it. */
export async function countDailyJoins(
  ctx: Context,
  waitlistIds: readonly string[],
  days: number,
): Promise<Map<string, number[]>> {
  if (waitlistIds.length === 0) return new Map()
  const first = Math.floor(ctx.now().getTime() / dayMs) - days + 1
  return inSnapshot(ctx, async (ctx) => {
    const rows = await ctx.sql
      .selectFrom('daily_joins')
      .select((eb) => ['waitlist_id', 'joined', eb.fn<number>('date_part', [eb.val('epoch'), 'day']).as('seconds')])
      .where('organisation_id', '=', ctx.organisation.id)
      .where('waitlist_id', 'in', waitlistIds)
      .where('day', '>=', sql<Date>`${new Date(first * dayMs).toISOString().slice(0, 10)}::date`)
      .execute()
    const joins = new Map<string, number[]>()
    for (const { waitlist_id, joined, seconds } of rows) {
      const counts = joins.get(waitlist_id) ?? Array.from({ length: days }, () => 0)
      const day = (seconds * 1000) / dayMs - first
      if (day < days) counts[day] = joined
      joins.set(waitlist_id, counts)
    }
    return joins
  })
}
