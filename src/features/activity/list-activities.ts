import { type RawBuilder, sql } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import type { Activity, ActivityActor } from './activity.ts'
import type { ActivityFilter } from './activity-filter.ts'
import { findScans } from './find-scans.ts'
import { numberBound, sinceOf } from './since.ts'

export interface ActivityPage {
  items: Activity[]
  /** Pass as `before` for the next, older page. */
  older: number | undefined
}

type Row = Omit<Activity, 'actor'> & { actor_type: ActivityActor['type']; actor_id: string | null; actor_name: string }

/**
 * The organisation's log, newest first, at most `limit` rows with numbers below `before`. Rows older than `keptDays` (the
 * plan's window) do not show. However long the log and whatever the filter, it reads about a page of rows.
 */
export async function listActivities(
  ctx: Context,
  options: { filter?: ActivityFilter; before?: number | undefined; limit: number; keptDays: number | null },
): Promise<ActivityPage> {
  const { filter = {}, before, limit, keptDays } = options
  return inSnapshot(ctx, async (ctx) => {
    const range = [
      ...(before === undefined ? [] : [sql`number < ${before}`]),
      ...(await sinceOf(ctx, keptDays, filter.from)),
      ...(filter.until ? [sql`occurred_at < ${filter.until}`, ...(await numberBound(ctx, 'until', filter.until))] : []),
    ]
    const scans = await findScans(ctx, filter, { range, limit })
    const rows = scans.length === 0 ? [] : await readRows(ctx, scans, range, limit + 1)
    const items = rows.slice(0, limit).map(({ actor_type, actor_id, actor_name, ...rest }) => ({
      ...rest,
      actor: { type: actor_type, id: actor_id, name: actor_name },
    }))
    return { items, older: rows.length > limit ? items.at(-1)?.number : undefined }
  })
}

/** Each scan yields its rows by number; together they are merged, not sorted. */
async function readRows(
  ctx: TransactionContext,
  scans: RawBuilder<unknown>[],
  range: RawBuilder<unknown>[],
  limit: number,
): Promise<Row[]> {
  const parts = scans.map((scan) => {
    const conditions = sql.join([sql`organisation_id = ${ctx.organisation.id}`, scan, ...range], sql` and `)
    return sql<Row>`(select number, id, occurred_at, action, actor_type, actor_id, actor_name, targets, changes, request_id, ip,
      user_agent from activities where ${conditions} order by number desc limit ${limit})`
  })
  const [only, ...others] = parts
  const merged = sql<Row>`${sql.join(parts, sql` union all `)} order by number desc limit ${limit}`
  const { rows } = await (only && others.length === 0 ? only : merged).execute(ctx.sql)
  return rows
}
