import { sql } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import type { ActivityActor } from './activity.ts'
import { all, type Column, distinct } from './find-scans.ts'
import { sinceOf } from './since.ts'

/** How many people and how many keys are offered to choose from. */
export const mostActors = 100
const mostPairs = 100
const recentRows = 1_000

export type NamedActor = ActivityActor & { id: string }

export interface ActorChoice {
  actors: NamedActor[]
  /** There are others, who are found by their name. */
  areMore: boolean
}

interface ActorRow {
  actor_id: string
  actor_name: string
  number: number
}

/**
 * The people and keys that appear in the part of the log that the plan shows, for the filter: by the names they have now, or
 * had last. Where they are many, those of the newest rows and some of the others.
 */
export async function listActors(ctx: Context, { keptDays }: { keptDays: number | null }): Promise<ActorChoice> {
  return inSnapshot(ctx, async (ctx) => {
    const since = await sinceOf(ctx, keptDays)
    const [people, keys] = [await readActors(ctx, 'user', since), await readActors(ctx, 'api_key', since)]
    return { actors: [...people.actors, ...keys.actors], areMore: people.areMore || keys.areMore }
  })
}

type Conditions = Awaited<ReturnType<typeof sinceOf>>

async function readActors(ctx: TransactionContext, type: 'user' | 'api_key', since: Conditions): Promise<ActorChoice> {
  const { rows, areMore } = await readSome(ctx, type, since)
  const recent = areMore ? await readRecent(ctx, type, since) : []
  const names = new Map<string, string>()
  for (const { actor_id, actor_name } of [...recent, ...rows.toSorted((a, b) => b.number - a.number)])
    if (names.size < mostActors && !names.has(actor_id)) names.set(actor_id, actor_name)
  for (const { id, name } of await findNamesOfNow(ctx, type, [...names.keys(), ''])) names.set(id, name)
  const actors = [...names].map(([id, name]) => ({ type, id, name }))
  return { actors: actors.toSorted((a, b) => a.name.localeCompare(b.name, 'en')), areMore }
}

/** The newest rows of each kind of the first actors there are, in the order of the index: all of them, unless they are many. */
async function readSome(ctx: TransactionContext, type: 'user' | 'api_key', since: Conditions) {
  const ofType = sql`actor_type = ${type}`
  const [joined, others] = [sql`action = 'subscriber.joined'`, sql`action <> 'subscriber.joined'`]
  /** The newest row of each of the kinds that these columns tell apart. */
  const newest = (columns: Column[], kind: ReturnType<typeof all>) => sql`
    select actor_id, actor_name, number from activities
    where ${all(
      sql`organisation_id = ${ctx.organisation.id}`,
      kind,
      ...columns.map((column) => sql`${sql.ref(column)} = ${sql.ref(`found.${column}`)}`),
      ...since,
    )}
    order by number desc limit 1`
  const { rows } = await sql<Partial<ActorRow> & { are_more: boolean }>`
    with ids as materialized (
      select actor_id from (${distinct(ctx, ['actor_id'], all(ofType, others))}) all_ids limit ${mostActors + 1}
    ), kinds as (
      select ids.actor_id, actions.action from ids cross join lateral (
        ${distinct(ctx, ['action'], all(ofType, sql`actor_id = ids.actor_id`, others))}) actions
    ), pairs as materialized (
      select * from (${distinct(ctx, ['other_target_id', 'actor_id'], all(ofType, joined))}) all_pairs limit ${mostPairs + 1}
    )
    select cut.are_more, row.* from (
      select (select count(*) from ids) > ${mostActors} or (select count(*) from pairs) > ${mostPairs} as are_more
    ) cut left join (
      select row.* from kinds found cross join lateral (${newest(['actor_id', 'action'], all(ofType, others))}) row
      union all
      select row.* from pairs found cross join lateral (${newest(['other_target_id', 'actor_id'], all(ofType, joined))}) row
    ) row on true`.execute(ctx.sql)
  const found = rows.filter((row): row is ActorRow & { are_more: boolean } => Boolean(row.actor_id))
  const isCut = rows[0]?.are_more ?? false
  return { rows: found, areMore: isCut || new Set(found.map((row) => row.actor_id)).size > mostActors }
}

/** Who is in the newest rows of the log, the latest first. */
async function readRecent(ctx: TransactionContext, type: 'user' | 'api_key', since: Conditions): Promise<ActorRow[]> {
  const newest = sql`(select last_activity_number from organisation_counters where organisation_id = ${ctx.organisation.id})`
  const { rows } = await sql<ActorRow>`
    select actor_id, (array_agg(actor_name order by number desc))[1] as actor_name, max(number) as number from activities
    where ${all(
      sql`organisation_id = ${ctx.organisation.id}`,
      sql`number > ${newest} - ${recentRows}`,
      sql`actor_type = ${type}`,
      ...since,
    )}
    group by actor_id order by 3 desc limit ${mostActors}`.execute(ctx.sql)
  return rows
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
