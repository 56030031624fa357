import { sql } from 'kysely'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import type { Services } from '../../platform/services.ts'
import { type ImportJob, importJob } from './run-import.ts'

/** Takes up imports that nobody has got further with: their process has died. What it left queued does nothing any more. Runs as the tables' owner. */
export async function resumeImports(services: Services): Promise<void> {
  await services.db.kysely.transaction().execute(async (transaction) => {
    const { rows } = await sql<ImportJob>`
      update imports set run = run + 1, progressed_at = clock_timestamp()
      where state = 'running' and reading is not null and progressed_at < clock_timestamp() - interval '5 seconds'
      returning organisation_id, id as import_id, run`.execute(transaction)
    for (const job of rows) await enqueue({ sql: transaction, secrets: services.secrets }, importJob, job)
  })
}
