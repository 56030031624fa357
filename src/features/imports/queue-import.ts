import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import type { Secrets } from '../../platform/secrets.ts'

export const importJob = 'run import'

export interface ImportJob {
  organisation_id: string
  import_id: string
  run: number
}

interface Within {
  sql: Kysely<Tables>
  secrets: Secrets
}

/** Queues the next slice of an import in the caller's transaction. */
export async function queueImport(within: Within, job: ImportJob): Promise<void> {
  const fairnessKey = await findFairnessKey(within, job.organisation_id)
  const [id] = await enqueue(within, { name: importJob, queue: 'long', fairnessKey }, job)
  await within.sql
    .updateTable('imports')
    .set({ queued_job_id: id ?? null })
    .where('organisation_id', '=', job.organisation_id)
    .where('id', '=', job.import_id)
    .execute()
}

/** All organisations of one owner, the first where there are several, have one turn between them. */
export async function findFairnessKey({ sql }: Pick<Within, 'sql'>, organisationId: string): Promise<string> {
  const owner = await sql
    .selectFrom('members')
    .select('user_id')
    .where('organisation_id', '=', organisationId)
    .where('role', '=', 'owner')
    .orderBy('created_at')
    .orderBy('user_id')
    .limit(1)
    .executeTakeFirst()
  return owner?.user_id ?? organisationId
}
