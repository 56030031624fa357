import { type RawBuilder, sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import { type ActivityActor, actorTypes } from './activity.ts'
import type { ActivityFilter } from './activity-filter.ts'

type Condition = RawBuilder<unknown>

/**
 * The conditions that together select what a filter lets through (but for its dates), no row twice, and each such that an
 * index has its rows in order of their numbers. A filter that leaves the actor's type or the action open becomes one
 * condition for each kind of row that there is.
 */
export async function findScans(ctx: TransactionContext, filter: ActivityFilter): Promise<Condition[]> {
  const { action, actor, onlyApiKeys, target } = filter
  const types = actorTypes.filter((type) => (!actor || actor.type === type) && (!onlyApiKeys || type === 'api_key'))
  if (types.length === 0) return []
  const byActor = actor?.id === undefined ? [] : [sql`actor_id = ${actor.id}`]
  if (target === undefined) {
    if (!action && !actor && !onlyApiKeys) return [sql`true`]
    return findKinds(ctx, types, action, byActor)
  }
  // What a row is about is in few rows, where it happened is in many; nothing is both in one row.
  const first = [
    sql`target_id = ${target}`,
    sql`actor_type in (${sql.join(types)})`,
    ...(action ? [sql`action = ${action}`] : []),
    ...byActor,
  ]
  const where = await findKinds(ctx, types, action, [sql`other_target_id = ${target}`])
  return [sql.join(first, sql` and `), ...where.map((kind) => sql.join([kind, ...byActor], sql` and `))]
}

/** One condition for each kind (actor's type and action) of the rows within `prefix`, by a step of an index each. */
async function findKinds(
  ctx: TransactionContext,
  types: ActivityActor['type'][],
  action: string | undefined,
  prefix: Condition[],
): Promise<Condition[]> {
  const kind = (type: string, action: string) =>
    sql.join([...prefix, sql`actor_type = ${type}`, sql`action = ${action}`], sql` and `)
  if (action) return types.map((type) => kind(type, action))
  const kinds: Condition[] = []
  for (const type of types) for (const action of await listActions(ctx, type, prefix)) kinds.push(kind(type, action))
  return kinds
}

async function listActions(ctx: TransactionContext, type: string, prefix: Condition[]): Promise<string[]> {
  const within = sql.join(
    [sql`organisation_id = ${ctx.organisation.id}`, ...prefix, sql`actor_type = ${type}`],
    sql` and `,
  )
  const { rows } = await sql<{ action: string }>`
    with recursive actions as (
      (select action from activities where ${within} order by action limit 1)
      union all
      select next.action from actions a cross join lateral (
        select action from activities where ${within} and action > a.action order by action limit 1
      ) next
    )
    select action from actions`.execute(ctx.sql)
  return rows.map((row) => row.action)
}
