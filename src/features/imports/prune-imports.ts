import { sql } from 'kysely'
import type { Services } from '../../platform/services.ts'

/** Days that a file and the answer for each of its rows are kept. */
export const keptDays = 7
const batch = 200

/**
 * Deletes files that have been kept long enough, or were never imported, a few pieces at a time, and after 90 days from where
 * an import was started. What it was stays, since people came with it. Runs as the tables' owner.
 */
export async function pruneImports({ db: { kysely } }: Services): Promise<void> {
  await sql`
    delete from imports where state in ('uploading', 'uploaded') and created_at < clock_timestamp() - interval '2 days'`.execute(
    kysely,
  )
  await sql`
    update imports set started_by = started_by - '{ip,user_agent}'::text[]
    where started_by ? 'ip' and created_at < clock_timestamp() - interval '90 days'`.execute(kysely)
  for (let deleted = batch; deleted === batch; ) {
    const { numAffectedRows } = await sql`
      delete from import_codes where ctid in (
        select c.ctid from import_codes c join imports i on i.organisation_id = c.organisation_id and i.id = c.import_id
        where i.finished_at < clock_timestamp() - ${keptDays} * interval '1 day' limit ${batch})`.execute(kysely)
    deleted = Number(numAffectedRows ?? 0)
  }
  const { rows } = await sql<{ organisation_id: string; id: string }>`
    select organisation_id, id from imports
    where finished_at < clock_timestamp() - ${keptDays} * interval '1 day' and file_deleted_at is null`.execute(kysely)
  for (const { organisation_id, id } of rows) {
    for (const table of ['import_chunks', 'import_results']) {
      for (let deleted = batch; deleted === batch; ) {
        const { numAffectedRows } = await sql`
          delete from ${sql.table(table)} where ctid in (
            select ctid from ${sql.table(table)} where organisation_id = ${organisation_id} and import_id = ${id} limit ${batch})`.execute(
          kysely,
        )
        deleted = Number(numAffectedRows ?? 0)
      }
    }
    await sql`update imports set file_deleted_at = clock_timestamp() where organisation_id = ${organisation_id} and id = ${id}`.execute(
      kysely,
    )
  }
}
