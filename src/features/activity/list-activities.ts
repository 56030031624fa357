import { sql } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import type { Activity, ActivityAction } from './activity.ts'

export interface ActivityFilter {
  action?: ActivityAction | undefined
  /** `api_key` alone for everything that any key did, or one actor by type and id (`null` is the system). */
  actor?: { type: Activity['actor']['type']; id?: string | null } | undefined
  /** Inclusive. */
  from?: Date | undefined
  /** Exclusive. */
  until?: Date | undefined
}

interface ActivityPage {
  items: Activity[]
  /** Pass as `before` for the next, older page. */
  older: number | undefined
}

/**
 * The organisation's log, newest first, at most `limit` rows with numbers below `before`. Rows older than `keptDays` (the
 * plan's window) do not show.
 */
export async function listActivities(
  ctx: Context,
  options: { filter?: ActivityFilter; before?: number | undefined; limit: number; keptDays: number | null },
): Promise<ActivityPage> {
  const { filter = {}, before, limit, keptDays } = options
  return inSnapshot(ctx, async (ctx) => {
    const windowStart = keptDays === null ? undefined : new Date(ctx.now().getTime() - keptDays * 86_400_000)
    const from = latest(filter.from, windowStart)
    let query = ctx.sql
      .selectFrom('activities')
      .selectAll()
      .where('organisation_id', '=', ctx.organisation.id)
      .orderBy('number', 'desc')
      .limit(limit + 1)
    if (before !== undefined) query = query.where('number', '<', before)
    if (filter.action) query = query.where('action', '=', filter.action)
    if (filter.actor) {
      query = query.where('actor_type', '=', filter.actor.type)
      if (filter.actor.id === null) query = query.where('actor_id', 'is', null)
      else if (filter.actor.id !== undefined) query = query.where('actor_id', '=', filter.actor.id)
    }
    if (from)
      query = query.where('occurred_at', '>=', from).where('number', '>', await lastMilestone(ctx, 'before', from))
    if (filter.until) {
      query = query
        .where('occurred_at', '<', filter.until)
        .where('number', '<', await lastMilestone(ctx, 'after', filter.until))
    }
    const rows = await query.execute()
    const items = rows.slice(0, limit).map((row) => {
      const { actor_type, actor_id, actor_name, organisation_id, ...rest } = row
      return { ...rest, actor: { type: actor_type, id: actor_id, name: actor_name } } as Activity
    })
    return { items, older: rows.length > limit ? items.at(-1)?.number : undefined }
  })
}

function latest(a: Date | undefined, b: Date | undefined): Date | undefined {
  if (!a || !b) return a ?? b
  return a > b ? a : b
}

/** Times rise with the numbers: the nearest milestone row bounds the numbers that a date can have. */
async function lastMilestone(ctx: TransactionContext, side: 'before' | 'after', at: Date): Promise<number> {
  const { rows } = await (side === 'before'
    ? sql<{ number: number | null }>`select max(number) as number from activities
        where organisation_id = ${ctx.organisation.id} and number % 256 = 0 and occurred_at < ${at}`
    : sql<{ number: number | null }>`select min(number) as number from activities
        where organisation_id = ${ctx.organisation.id} and number % 256 = 0 and occurred_at >= ${at}`
  ).execute(ctx.sql)
  return rows[0]?.number ?? (side === 'before' ? 0 : Number.MAX_SAFE_INTEGER)
}

/** Who appears in the log, for the filter: people, keys and the system, by the last name each had. */
export async function listActors(ctx: Context): Promise<Activity['actor'][]> {
  return inSnapshot(ctx, async (ctx) => {
    // A loose scan over the actors' index: as many steps as there are actors, however long the log.
    const { rows } = await sql<{ type: Activity['actor']['type']; id: string | null; name: string }>`
      with recursive actors as (
        (select actor_type, actor_id from activities where organisation_id = ${ctx.organisation.id} and actor_type <> 'subscriber'
         order by actor_type, actor_id limit 1)
        union all
        select next.actor_type, next.actor_id from actors a cross join lateral (
          select actor_type, actor_id from activities
          where organisation_id = ${ctx.organisation.id} and actor_type <> 'subscriber'
            and (actor_type > a.actor_type or actor_type = a.actor_type and (actor_id > a.actor_id or actor_id is null and a.actor_id is not null))
          order by actor_type, actor_id limit 1
        ) next
      )
      select a.actor_type as type, a.actor_id as id, last.actor_name as name
      from actors a cross join lateral (
        select actor_name from activities
        where organisation_id = ${ctx.organisation.id} and actor_type = a.actor_type and actor_id is not distinct from a.actor_id
        order by number desc limit 1
      ) last limit 500`.execute(ctx.sql)
    return rows
  })
}
