import { sql } from 'kysely'
import type { Services } from '../services.ts'

/** Deletes buckets that are full again, as a new one is. Those in use are passed over, not waited for. */
export async function pruneRateLimits(services: Services): Promise<void> {
  await sql`delete from rate_limits where subject in (
    select subject from rate_limits
    where refilled_at < clock_timestamp() - interval '1 day' and (full_at is null or full_at < clock_timestamp())
    for update skip locked)`.execute(services.db.kysely)
}
