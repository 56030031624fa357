import { sql } from 'kysely'
import type { Services } from '../../platform/services.ts'
import { trustedDays } from './trusted-device.ts'

/** Deletes sessions, links and secrets that have run out, browsers unused for 400 days, and the marks of forms older than a day. */
export async function pruneAccounts(services: Services): Promise<void> {
  await sql`delete from sessions where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from reset_links where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from email_changes where expires_at < clock_timestamp()`.execute(services.db.kysely)
  await sql`delete from pending_two_factors where created_at < clock_timestamp() - interval '1 day'`.execute(
    services.db.kysely,
  )
  await sql`delete from trusted_devices where last_used_at < clock_timestamp() - ${trustedDays} * interval '1 day'`.execute(
    services.db.kysely,
  )
  // As long as a sign-up link lasts.
  await sql`delete from ended_sign_ups where ended_at < clock_timestamp() - interval '1 day'`.execute(
    services.db.kysely,
  )
  await sql`delete from form_submissions where created_at < clock_timestamp() - interval '1 day'`.execute(
    services.db.kysely,
  )
}
