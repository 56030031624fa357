import { sql, type Transaction } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import type { Services } from '../../platform/services.ts'
import { isPlan, planNames, planRules } from '../plans/plan-rules.ts'

const dayMs = 86_400_000
/** How long what no longer shows is kept: whoever drops a plan by mistake finds all of it again. */
const graceDays = 30
const batch = 500
const organisationsAtOnce = 200

/**
 * Deletes what left the window of its organisation's plan 30 days ago or earlier: whole beginnings of a log, of which a
 * tombstone stays. In the 30 days after a drop to a shorter window that organisation loses nothing. A batch is a
 * transaction of its own that nobody who writes to the log waits for. Runs as the tables' owner; may be broken off anywhere.
 */
export async function deleteExpiredActivities(services: Services): Promise<void> {
  for (let after = ''; ; ) {
    const organisations = await findCandidates(services, after)
    for (const { id } of organisations) {
      try {
        while (!services.stopping?.aborted && (await deleteBatch(services, id)) === batch);
      } catch (error) {
        // The others' logs do not wait for what is wrong with this one.
        services.log.error({ err: error, organisation: id }, 'could not delete expired activity; it is tried again')
      }
    }
    if (services.stopping?.aborted || organisations.length < organisationsAtOnce) return
    after = organisations.at(-1)?.id ?? after
  }
}

/** Organisations whose oldest row is old enough to go, by their plan of this moment. */
async function findCandidates({ db, now }: Services, after: string): Promise<{ id: string }[]> {
  const cutoffs = planNames.flatMap((plan) => {
    const before = cutoff(plan, now())
    return before ? [sql`(${plan}, ${before}::timestamptz)`] : []
  })
  const { rows } = await sql<{ id: string }>`
    select o.id from organisations o
      join (values ${sql.join(cutoffs)}) expired(plan, before) on expired.plan = o.plan
      left join activity_tombstones t on t.organisation_id = o.id
      cross join lateral (
        select occurred_at from activities where organisation_id = o.id and number > coalesce(t.last_number, 0)
        order by number limit 1
      ) oldest
    where o.id > ${after} and oldest.occurred_at < expired.before
    order by o.id limit ${organisationsAtOnce}`.execute(db.kysely)
  return rows
}

function deleteBatch({ db, now }: Services, id: string): Promise<number> {
  return db.kysely.transaction().execute(async (transaction) => {
    // The plan stays what it is until this is done; the counter, which writers queue for, is left alone.
    const organisation = await transaction
      .selectFrom('organisations')
      .select('plan')
      .where('id', '=', id)
      .forShare()
      .executeTakeFirst()
    const before = organisation && cutoff(organisation.plan, now())
    if (!before || (await isJustDropped(transaction, id, new Date(now().getTime() - graceDays * dayMs)))) return 0
    const { rows } = await sql<{ deleted: number }>`
      select delete_expired_activities(${id}, ${before}, ${batch}) as deleted`.execute(transaction)
    return rows[0]?.deleted ?? 0
  })
}

/** What happened before then has been hidden for the whole grace; undefined where the plan hides nothing. */
function cutoff(plan: string, now: Date): Date | undefined {
  const { activityDays } = planRules(plan)
  return activityDays === null ? undefined : new Date(now.getTime() - (activityDays + graceDays) * dayMs)
}

async function isJustDropped(transaction: Transaction<Tables>, id: string, since: Date): Promise<boolean> {
  const { rows } = await sql<{ before: string; after: string }>`
    select changes->'before'->>'plan' as before, changes->'after'->>'plan' as after from activities
    where organisation_id = ${id} and actor_type in ('user', 'system') and action = 'plan.changed' and occurred_at > ${since}
    `.execute(transaction)
  const days = (plan: string) => (isPlan(plan) ? (planRules(plan).activityDays ?? Number.POSITIVE_INFINITY) : 0)
  return rows.some(({ before, after }) => days(after) < days(before))
}
