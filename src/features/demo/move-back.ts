import { sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'

/** When things of a demo are said to have happened. */
export interface DemoPast {
  /** Of the log, by number. */
  activities: readonly Date[]
  created: Date
  /** By id. */
  waitlists: readonly (readonly [id: string, at: Date])[]
  keys: readonly (readonly [id: string, at: Date])[]
  members: readonly (readonly [id: string, at: Date])[]
  /** Everybody who joined earlier came by it. */
  importedAt: Date
  /** Of each waitlist, also those who were removed since. */
  joined: readonly (readonly [waitlistId: string, at: readonly Date[]])[]
}

/**
 * Gives what was just made its times in the past, in one transaction of the tables' owner, before anybody has seen it. The log
 * and keys are protected against it, and are again once this is over; rows of a log that has hashes already stay as they are.
 */
export async function moveBack({ kysely }: Pick<Database, 'kysely'>, id: string, past: DemoPast): Promise<void> {
  await kysely.transaction().execute(async (transaction) => {
    const run = (statement: ReturnType<typeof sql>) => statement.execute(transaction)
    await run(sql`select set_config('app.organisation_id', ${id}, true)`)
    await run(sql`alter table activities disable trigger protect`)
    await run(sql`alter table api_keys disable trigger protect`)
    await run(sql`update activities a set occurred_at = t.at
      from unnest(${past.activities.map((_, i) => i + 1)}::bigint[], ${[...past.activities]}::timestamptz[]) t(number, at)
      where a.organisation_id = ${id} and a.number = t.number
        and not exists (select from activity_hashes h where h.organisation_id = ${id})`)
    await run(sql`update api_keys k set created_at = t.at, revoked_at = (
        select max(a.occurred_at) from activities a
        where a.organisation_id = ${id} and a.action = 'api_key.revoked' and a.target_id = k.id)
      from ${pairs(past.keys)} where k.organisation_id = ${id} and k.id = t.id`)
    await run(sql`alter table activities enable always trigger protect`)
    await run(sql`alter table api_keys enable always trigger protect`)
    await run(sql`update organisations set created_at = ${past.created} where id = ${id}`)
    await run(sql`update waitlists w set created_at = t.at from ${pairs(past.waitlists)}
      where w.organisation_id = ${id} and w.id = t.id`)
    await run(sql`update members m set created_at = t.at from ${pairs(past.members)}
      where m.organisation_id = ${id} and m.user_id = t.id`)
    await run(sql`update users u set created_at = t.at from ${pairs(past.members)} where u.id = t.id`)
    await run(
      sql`update imports set created_at = ${past.importedAt}, finished_at = ${past.importedAt} where organisation_id = ${id}`,
    )
    await run(
      sql`update subscribers set added_at = greatest(joined_at, ${past.importedAt}) where organisation_id = ${id}`,
    )
    await run(sql`delete from daily_joins where organisation_id = ${id}`)
    for (const [waitlistId, times] of past.joined)
      await run(sql`insert into daily_joins (organisation_id, waitlist_id, day, joined)
        select ${id}, ${waitlistId}, (at at time zone 'UTC')::date, count(*)
        from unnest(${[...times]}::timestamptz[]) at group by 3`)
  })
}

function pairs(times: readonly (readonly [string, Date])[]) {
  return sql`unnest(${times.map(([id]) => id)}::text[], ${times.map(([, at]) => at)}::timestamptz[]) t(id, at)`
}
