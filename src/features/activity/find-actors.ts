import { sql } from 'kysely'
import { type Context, inSnapshot } from '../../platform/context.ts'
import { type ActorChoice, mostActors, type NamedActor } from './list-actors.ts'

/** The members and keys whose names (of members, addresses too) contain a text, in any case; not more than can be chosen among. */
export async function findActors(ctx: Context, needle: string): Promise<ActorChoice> {
  return inSnapshot(ctx, async (ctx) => {
    const organisationId = ctx.organisation.id
    const pattern = sql`like_pattern(${needle.toLowerCase()})`
    const { rows } = await sql<NamedActor>`
      (select 'user' as type, u.id, u.name from members m join users u on u.id = m.user_id
        where m.organisation_id = ${organisationId} and (lower(u.name) like ${pattern} or lower(u.email) like ${pattern})
        limit ${mostActors + 1})
      union all
      (select 'api_key', k.id, k.name from api_keys k
        where k.organisation_id = ${organisationId} and lower(k.name) like ${pattern} limit ${mostActors + 1})`.execute(
      ctx.sql,
    )
    const ofType = (type: NamedActor['type']) => rows.filter((row) => row.type === type)
    const found = [ofType('user'), ofType('api_key')]
    return {
      actors: found.flatMap((some) => some.slice(0, mostActors).toSorted((a, b) => a.name.localeCompare(b.name, 'en'))),
      areMore: found.some((some) => some.length > mostActors),
    }
  })
}
