import { sql } from 'kysely'
import type { Services } from '../../platform/services.ts'

/** Deletes sessions, one-time tokens and secrets never confirmed that have run out, and the marks of forms older than a day. */
export async function pruneAccounts(services: Services): Promise<void> {
  await sql`delete from sessions where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from verifications where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from email_changes where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from two_factors where confirmed_at is null and created_at < clock_timestamp() - interval '1 day'`.execute(
    services.db.kysely,
  )
  await sql`delete from form_submissions where created_at < clock_timestamp() - interval '1 day'`.execute(
    services.db.kysely,
  )
}
