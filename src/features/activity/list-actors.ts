import { sql } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import type { ActivityActor } from './activity.ts'
import { all, type Column, distinct } from './find-scans.ts'
import { sinceOf } from './since.ts'

const most = 500

/**
 * The people and keys that appear in the part of the log that the plan shows, for the filter: by the names they have now, or
 * had last. At most so many of each.
 */
export async function listActors(
  ctx: Context,
  { keptDays }: { keptDays: number | null },
): Promise<(ActivityActor & { id: string })[]> {
  return inSnapshot(ctx, async (ctx) => {
    const since = await sinceOf(ctx, keptDays)
    const read = async (type: 'user' | 'api_key') => {
      const ofType = sql`actor_type = ${type}`
      /** The newest row of each of the kinds that these columns tell apart. */
      const newest = (columns: Column[], kind: ReturnType<typeof all>) => sql`
        select row.actor_id, row.actor_name, row.number from (${distinct(ctx, columns, kind)}) found cross join lateral (
          select actor_id, actor_name, number from activities
          where ${all(
            sql`organisation_id = ${ctx.organisation.id}`,
            kind,
            ...columns.map((column) => sql`${sql.ref(column)} = ${sql.ref(`found.${column}`)}`),
            ...since,
          )}
          order by number desc limit 1
        ) row`
      const { rows } = await sql<{ actor_id: string; actor_name: string }>`
        ${newest(['actor_id', 'action'], all(ofType, sql`action <> 'subscriber.joined'`))}
        union all ${newest(['other_target_id', 'actor_id'], all(ofType, sql`action = 'subscriber.joined'`))}
        order by number`.execute(ctx.sql)
      const names = new Map(rows.map((row) => [row.actor_id, row.actor_name]))
      for (const { id, name } of await findNamesOfNow(ctx, type, [...names.keys(), ''])) names.set(id, name)
      return [...names]
        .map(([id, name]) => ({ type, id, name }))
        .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
        .slice(0, most)
    }
    return [...(await read('user')), ...(await read('api_key'))]
  })
}

function findNamesOfNow(ctx: TransactionContext, type: 'user' | 'api_key', ids: string[]) {
  const people = ctx.sql.selectFrom('users').select(['id', 'name']).where('id', 'in', ids)
  const keys = ctx.sql
    .selectFrom('api_keys')
    .select(['id', 'name'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', 'in', ids)
  return (type === 'user' ? people : keys).execute()
}
