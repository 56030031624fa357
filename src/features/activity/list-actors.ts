import { sql } from 'kysely'
import { type Context, inSnapshot } from '../../platform/context.ts'
import type { ActivityActor } from './activity.ts'
import { all, distinct } from './find-scans.ts'

const most = 500

/** The people and keys that appear in the log, for the filter, by the names they have now; at most so many of each. */
export async function listActors(ctx: Context): Promise<ActivityActor[]> {
  return inSnapshot(ctx, async (ctx) => {
    const read = async (type: 'user' | 'api_key') => {
      const ofType = sql`actor_type = ${type}`
      const others = distinct(ctx, ['actor_id'], all(ofType, sql`action <> 'subscriber.joined'`))
      const joined = distinct(ctx, ['other_target_id', 'actor_id'], all(ofType, sql`action = 'subscriber.joined'`))
      const { rows } = await sql<{ actor_id: string }>`
        select actor_id from (${others}) others union select actor_id from (${joined}) joined`.execute(ctx.sql)
      const ids = rows.map((row) => row.actor_id)
      const known = [...ids, '']
      const people = ctx.sql.selectFrom('users').select(['id', 'name']).where('id', 'in', known)
      const keys = ctx.sql
        .selectFrom('api_keys')
        .select(['id', 'name'])
        .where('organisation_id', '=', ctx.organisation.id)
        .where('id', 'in', known)
      const named = await (type === 'user' ? people : keys).execute()
      const names = new Map(named.map(({ id, name }) => [id, name]))
      return ids
        .map((id): ActivityActor => ({ type, id, name: names.get(id) ?? id }))
        .toSorted((a, b) => a.name.localeCompare(b.name, 'en'))
        .slice(0, most)
    }
    return [...(await read('user')), ...(await read('api_key'))]
  })
}
