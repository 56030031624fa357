import { type RawBuilder, sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import { type ActivityActor, actorTypes } from './activity.ts'
import type { ActivityFilter } from './activity-filter.ts'

type Condition = RawBuilder<unknown>
type ActorType = ActivityActor['type']
export type Column = 'action' | 'actor_id' | 'other_target_id'

const joined = 'subscriber.joined'

interface Scan {
  condition: Condition
  /** The number of its newest row; unknown where it is read in any case. */
  newest?: number
}

/** Within which numbers and dates rows are wanted, and how many. */
export interface Span {
  range: Condition[]
  limit: number
}

/**
 * The conditions that together select the newest rows that a filter lets through, no row twice, and each such that an index
 * has its rows in order of their numbers. A filter that leaves something open becomes one condition for each kind of row
 * that there is. People who join are most of a log, and have indexes of their own.
 */
export async function findScans(ctx: TransactionContext, filter: ActivityFilter, span: Span): Promise<Condition[]> {
  const { action, actor, onlyApiKeys, target } = filter
  const types = actorTypes.filter((type) => (!actor || actor.type === type) && (!onlyApiKeys || type === 'api_key'))
  if (types.length === 0) return []
  if (!action && !actor && !onlyApiKeys && target === undefined) return [sql`true`]
  const scans: Scan[] = []
  if (target !== undefined) {
    // What a row is about is in few rows, where it happened is in many; nothing is both in one row.
    const condition = all(
      sql`target_id = ${target}`,
      sql`actor_type in (${sql.join(types)})`,
      action && sql`action = ${action}`,
      actor?.id && sql`actor_id = ${actor.id}`,
    )
    scans.push({ condition })
  }
  for (const type of types) {
    if (action !== joined) scans.push(...(await findKinds(ctx, type, filter, span)))
    if (!action || action === joined) scans.push(...(await findJoined(ctx, type, filter, span)))
  }
  // A page has rows of as many kinds as it has rows, at most: of those whose newest rows are the newest.
  const newest = ({ newest = Number.POSITIVE_INFINITY }: Scan) => newest
  return scans
    .toSorted((a, b) => newest(b) - newest(a))
    .slice(0, span.limit + 1)
    .map(({ condition }) => condition)
}

/** All but people who joined: one condition for each action. */
function findKinds(ctx: TransactionContext, type: ActorType, { action, actor, target }: ActivityFilter, span: Span) {
  const within = all(
    target !== undefined && sql`other_target_id = ${target}`,
    sql`actor_type = ${type}`,
    actor?.id && sql`actor_id = ${actor.id}`,
    action ? sql`action = ${action}` : sql`action <> ${joined}`,
  )
  return listOpen(ctx, action ? [] : ['action'], within, span)
}

/** People who joined: one condition for each waitlist and, where people or keys added them, each of these. */
function findJoined(ctx: TransactionContext, type: ActorType, { actor, target }: ActivityFilter, span: Span) {
  const within = all(
    sql`action = ${joined}`,
    sql`actor_type = ${type}`,
    target !== undefined && sql`other_target_id = ${target}`,
    actor?.id && sql`actor_id = ${actor.id}`,
  )
  const open = [
    ...(target === undefined ? ['other_target_id' as const] : []),
    ...(isNamed(type) && !actor?.id ? ['actor_id' as const] : []),
  ]
  return listOpen(ctx, open, within, span)
}

/** One scan for each set of values that the open columns have, without those that have no row in the span. */
async function listOpen(ctx: TransactionContext, open: Column[], within: Condition, span: Span): Promise<Scan[]> {
  if (open.length === 0) return [{ condition: within }]
  const { rows } = await sql<Record<Column, string> & { newest: number }>`
    select found.*, newest.number as newest from (${distinct(ctx, open, within)}) found cross join lateral (
      select number from activities
      where ${all(ofOrganisation(ctx), within, ...open.map((column) => sql`${sql.ref(column)} = ${sql.ref(`found.${column}`)}`), ...span.range)}
      order by number desc limit 1
    ) newest order by newest.number desc limit ${span.limit + 1}`.execute(ctx.sql)
  return rows.map((row) => ({
    condition: all(within, ...open.map((column) => sql`${sql.ref(column)} = ${row[column]}`)),
    newest: row.newest,
  }))
}

/** Few enough to be told apart, as those who join by themselves are not. */
function isNamed(type: ActorType): boolean {
  return type === 'user' || type === 'api_key'
}

/** The values that columns have in the log, by a step of an index each, however many rows have them. */
export function distinct(
  ctx: TransactionContext,
  columns: Column[],
  within: Condition,
): RawBuilder<Record<Column, string>> {
  const list = (table?: string) => sql.join(columns.map((column) => sql.ref(table ? `${table}.${column}` : column)))
  const step = sql`select ${list()} from activities where ${ofOrganisation(ctx)} and ${within}`
  return sql`
    with recursive found as (
      (${step} order by ${list()} limit 1)
      union all
      select next.* from found cross join lateral (
        ${step} and (${list('activities')}) > (${list('found')}) order by ${list()} limit 1
      ) next
    )
    select * from found`
}

function ofOrganisation(ctx: TransactionContext): Condition {
  return sql`organisation_id = ${ctx.organisation.id}`
}

export function all(...conditions: (Condition | false | '' | undefined)[]): Condition {
  return sql.join(
    conditions.filter((condition) => condition !== undefined && condition !== false && condition !== ''),
    sql` and `,
  )
}
