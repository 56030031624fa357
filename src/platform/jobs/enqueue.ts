import type { Kysely } from 'kysely'
import type { Tables } from '../db/tables.ts'
import type { Secrets } from '../secrets.ts'

/**
 * Queues a job in the caller's transaction: it is done if and only if that commits, at least once, soon afterwards. The
 * payload must survive JSON; nobody but this product can read it while it waits.
 */
export async function enqueue(
  { sql, secrets }: { sql: Kysely<Tables>; secrets: Secrets },
  name: string,
  payload: unknown,
): Promise<void> {
  await sql
    .insertInto('queued_jobs')
    .values({ name, payload: secrets.seal('job', JSON.stringify(payload)) })
    .execute()
}
