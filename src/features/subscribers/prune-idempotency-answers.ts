import { sql } from 'kysely'
import type { Services } from '../../platform/services.ts'

const batch = 1_000

/** Deletes stored answers past their 24 hours, a few at a time, so that nobody waits for it. Runs as the tables' owner. */
export async function pruneIdempotencyAnswers(services: Services): Promise<void> {
  for (;;) {
    const { numAffectedRows } = await sql`
      delete from idempotency_answers where ctid in (
        select ctid from idempotency_answers where created_at < clock_timestamp() - interval '24 hours' limit ${batch} for update skip locked
      )`.execute(services.db.kysely)
    if (Number(numAffectedRows ?? 0) < batch) return
  }
}
