import { sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import { enqueue, type JobOptions, toFairnessKey } from '../../platform/jobs/enqueue.ts'

/** One reading of a waitlist's files, for everybody who was removed before it began. */
export interface ForgetJob {
  organisation_id: string
  waitlist_id: string
  emails: string[]
  /** Where it goes on. */
  at?: Place
  /** Were removed since it began: the next reading is theirs. */
  waiting?: string[]
}

export interface Place {
  import_id: string
  position: number
  row: number
}

/**
 * Makes one job of all that are due for the same waitlist, this one included, so that its files are read once for many
 * people; answers whether there was another. One that has begun goes on, and whoever came later has the next reading.
 */
export function joinPasses({ db, secrets }: Context, options: Required<JobOptions>, job: ForgetJob): Promise<boolean> {
  const key = toFairnessKey(secrets, options.fairnessKey)
  return db.kysely.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ id: number; payload: Buffer }>`
      select id, payload from queued_jobs where name = ${options.name} and queue = ${options.queue} and fairness_key = ${key}
        and turn is not null and (leased_until is null or leased_until <= clock_timestamp()) order by id
      for update skip locked`.execute(transaction)
    const due = rows.flatMap(({ id, payload }) => {
      const text = secrets.open('job', payload)
      const other = text === undefined ? undefined : (JSON.parse(text) as ForgetJob)
      return other?.organisation_id === job.organisation_id && other.waitlist_id === job.waitlist_id
        ? [{ id, other }]
        : []
    })
    const base = job.at ? job : (due.find(({ other }) => other.at)?.other ?? job)
    // A second reading that has begun, another process's, stays one of its own.
    const joined = due.filter(({ other }) => other === base || !other.at)
    if (joined.length === 0) return false
    const emails = [job, ...joined.map(({ other }) => other)].filter((one) => one !== base).flatMap((one) => one.emails)
    const whole: ForgetJob = base.at
      ? { ...base, waiting: [...new Set([...(base.waiting ?? []), ...emails])] }
      : { ...base, emails: [...new Set([...base.emails, ...emails])] }
    await sql`delete from queued_jobs where id = any (${joined.map(({ id }) => id)})`.execute(transaction)
    await enqueue({ sql: transaction, secrets }, options, whole)
    return true
  })
}
