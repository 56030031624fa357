import type { Kysely } from 'kysely'
import type { Tables } from '../db/tables.ts'
import type { Secrets } from '../secrets.ts'

/** How many jobs go to the database in one statement. */
const jobsAtOnce = 500

/**
 * Queues a job for each payload in the caller's transaction: it is done if and only if that commits, at least once, soon
 * afterwards. The payload must survive JSON; nobody but this product can read it while it waits.
 */
export async function enqueue(
  { sql, secrets }: { sql: Kysely<Tables>; secrets: Secrets },
  name: string,
  ...payloads: unknown[]
): Promise<void> {
  const jobs = payloads.map((payload) => ({ name, payload: secrets.seal('job', JSON.stringify(payload)) }))
  for (let i = 0; i < jobs.length; i += jobsAtOnce)
    await sql
      .insertInto('queued_jobs')
      .values(jobs.slice(i, i + jobsAtOnce))
      .execute()
}
