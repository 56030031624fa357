import { sql } from 'kysely'
import { type Context, inSnapshot } from '../../platform/context.ts'
import type { ActivityActor } from './activity.ts'

const most = 500

/** The people and keys that appear in the log, for the filter, by the names they have now; at most so many of each. */
export async function listActors(ctx: Context): Promise<ActivityActor[]> {
  return inSnapshot(ctx, async (ctx) => {
    // A loose scan over the actors' index: as many steps as there are actors, however long the log.
    const step = (type: 'user' | 'api_key') => sql`
      select actor_id, actor_name from activities
      where organisation_id = ${ctx.organisation.id} and actor_type = ${type}`
    const read = async (type: 'user' | 'api_key') => {
      const { rows } = await sql<{ id: string; name: string }>`
        with recursive actors as (
          (${step(type)} order by actor_id limit 1)
          union all
          select next.actor_id, next.actor_name from actors a cross join lateral (
            ${step(type)} and actor_id > a.actor_id order by actor_id limit 1
          ) next
        )
        select a.actor_id as id, coalesce(named.name, a.actor_name) as name
        from (select * from actors limit ${most}) a
          left join ${sql.table(type === 'user' ? 'users' : 'api_keys')} named on named.id = a.actor_id`.execute(
        ctx.sql,
      )
      return rows
        .map(({ id, name }): ActivityActor => ({ type, id, name }))
        .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
    }
    return [...(await read('user')), ...(await read('api_key'))]
  })
}
