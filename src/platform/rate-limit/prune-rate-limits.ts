import { sql } from 'kysely'
import type { Services } from '../services.ts'

/** Deletes buckets that nobody touched for a day: they are full again, as a new one is. */
export async function pruneRateLimits(services: Services): Promise<void> {
  await sql`delete from rate_limits where refilled_at < clock_timestamp() - interval '1 day'`.execute(
    services.db.kysely,
  )
}
