import { sql } from 'kysely'
import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import type { Activity } from '../activity/activity.ts'
import { planRules } from '../plans/plan-rules.ts'

/** A row of the log about one person, as far as their own page shows it. */
export interface SubscriberEvent {
  number: number
  action: 'subscriber.joined' | 'subscriber.imported' | 'subscriber.confirmed'
  occurred_at: Date
  actor: Activity['actor']
}

/** How somebody came to stand in line, newest first, as far back as the plan shows the log. */
export async function findHowJoined(ctx: Context, person: { id: string }): Promise<SubscriberEvent[]> {
  requireRole(ctx, 'admin')
  const { activityDays } = planRules(ctx.organisation.plan)
  const windowStart = activityDays === null ? new Date(0) : new Date(ctx.now().getTime() - activityDays * 86_400_000)
  return inSnapshot(ctx, async (ctx) => {
    const { rows: numbers } = await sql<{ number: number }>`
      select number from activities_of_subscriber(${Number(person.id)}) found(number)`.execute(ctx.sql)
    if (numbers.length === 0) return []
    const rows = await ctx.sql
      .selectFrom('activities')
      .select(['number', 'action', 'occurred_at', 'actor_type', 'actor_id', 'actor_name'])
      .where('organisation_id', '=', ctx.organisation.id)
      .where(
        'number',
        'in',
        numbers.map((row) => row.number),
      )
      .where('occurred_at', '>=', windowStart)
      .orderBy('number', 'desc')
      .execute()
    return rows.map(({ actor_type, actor_id, actor_name, ...row }) => ({
      ...row,
      action: row.action as SubscriberEvent['action'],
      actor: { type: actor_type as Activity['actor']['type'], id: actor_id, name: actor_name },
    }))
  })
}
