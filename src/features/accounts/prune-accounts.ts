import { sql } from 'kysely'
import type { Services } from '../../platform/services.ts'

/** Deletes sessions and one-time tokens that have run out, and the marks of forms older than a day. */
export async function pruneAccounts(services: Services): Promise<void> {
  await sql`delete from sessions where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from verifications where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from form_submissions where created_at < clock_timestamp() - interval '1 day'`.execute(
    services.db.kysely,
  )
}
