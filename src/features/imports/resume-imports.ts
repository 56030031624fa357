import { sql } from 'kysely'
import type { Services } from '../../platform/services.ts'
import { type ImportJob, queueImport } from './queue-import.ts'

/**
 * Takes up imports that nobody has got further with and that wait for no turn: their process has died. What it left queued
 * does nothing any more. Runs as the tables' owner.
 */
export async function resumeImports(services: Services): Promise<void> {
  await services.db.kysely.transaction().execute(async (transaction) => {
    const { rows } = await sql<ImportJob>`
      update imports set run = run + 1, progressed_at = clock_timestamp()
      where state = 'running' and reading is not null and progressed_at < clock_timestamp() - interval '5 seconds'
        and not exists (select from queued_jobs j where j.id = imports.queued_job_id and (j.leased_until is null or j.leased_until <= clock_timestamp()))
      returning organisation_id, id as import_id, run`.execute(transaction)
    for (const job of rows) await queueImport({ sql: transaction, secrets: services.secrets }, job)
  })
}
