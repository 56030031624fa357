import { type RawBuilder, sql } from 'kysely'
import type { Services } from '../../platform/services.ts'

/** Days that a file and the answer for each of its rows are kept. */
export const keptDays = 7
const batch = 200

/**
 * Deletes files that have been kept long enough, or were never imported, a few pieces at a time, and after 90 days from where
 * an import was started. What it was stays, since people came with it. Runs as the tables' owner.
 */
export async function pruneImports({ db: { kysely } }: Services): Promise<void> {
  const deleteAll = async (statement: RawBuilder<unknown>) => {
    for (let deleted = batch; deleted === batch; ) {
      const { numAffectedRows } = await statement.execute(kysely)
      deleted = Number(numAffectedRows ?? 0)
    }
  }
  await sql`
    delete from imports where state in ('uploading', 'uploaded') and created_at < clock_timestamp() - interval '2 days'`.execute(
    kysely,
  )
  await sql`
    update imports set started_by = started_by - '{ip,user_agent}'::text[]
    where started_by ? 'ip' and created_at < clock_timestamp() - interval '90 days'`.execute(kysely)
  // First of all they are marked: no import goes on from here on with a file of which pieces are missing.
  await sql`
    update imports set file_deleted_at = clock_timestamp()
    where finished_at < clock_timestamp() - ${keptDays} * interval '1 day' and file_deleted_at is null`.execute(kysely)
  await deleteAll(sql`
    delete from import_codes where ctid in (
      select c.ctid from import_codes c join imports i on i.organisation_id = c.organisation_id and i.id = c.import_id
      where i.file_deleted_at is not null and i.finished_at < clock_timestamp() - ${keptDays} * interval '1 day' limit ${batch})`)
  for (const table of ['import_chunks', 'import_results']) {
    // Also what an earlier run, or one that was killed, has left of them.
    const { rows } = await sql<{ organisation_id: string; id: string }>`
      select organisation_id, id from imports i where file_deleted_at is not null and exists (
        select from ${sql.table(table)} p where p.organisation_id = i.organisation_id and p.import_id = i.id)`.execute(
      kysely,
    )
    for (const { organisation_id, id } of rows)
      await deleteAll(sql`
        delete from ${sql.table(table)} where organisation_id = ${organisation_id} and ctid in (
          select ctid from ${sql.table(table)} where organisation_id = ${organisation_id} and import_id = ${id} limit ${batch})`)
  }
}
