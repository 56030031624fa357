import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import { type AddOutcome, joinOpenWaitlist } from '../subscribers/add-subscriber.ts'
import type { ImportedPerson } from './decide-row.ts'
import { countOutcomes, type Import, type RowOutcome } from './import.ts'
import { joinByCodes } from './join-by-codes.ts'

const letterOf: Record<AddOutcome, RowOutcome> = { added: 'a', confirmed: 'c', already_there: 't', removed: 'r' }

/**
 * Adds the people of some rows, counts what became of all of them, and notes who came with this import; answers one outcome a
 * row. Rows that were refused before are passed as their outcome. `position` is where the next batch of the file begins.
 * @throws AppError `not_found` for a waitlist that is archived.
 */
export async function addBatch(
  ctx: TransactionContext,
  row: Import,
  rows: readonly (ImportedPerson | RowOutcome)[],
  position: number,
): Promise<RowOutcome[]> {
  const joins = rows.filter((row) => typeof row !== 'string')
  const joined = joins.some(({ fileCode, referrer }) => fileCode !== undefined || referrer !== undefined)
    ? await joinByCodes(ctx, row, joins)
    : await joinOpenWaitlist(ctx, row.waitlist_id, joins, { logged: false })
  await noteWhoCame(
    ctx,
    row.id,
    joined.filter(({ outcome }) => outcome === 'added').map(({ item }) => item),
  )
  const letters = joined.map(({ outcome }) => letterOf[outcome])
  const outcomes = rows.map((row) => (typeof row === 'string' ? row : (letters.shift() ?? 't')))
  const counts = countOutcomes(outcomes)
  await ctx.sql
    .updateTable('imports')
    .set({
      position,
      done_rows: row.done_rows + outcomes.length,
      added: row.added + counts.added,
      confirmed: row.confirmed + counts.confirmed,
      already_there: row.already_there + counts.already_there,
      refused: row.refused + counts.refused,
      progressed_at: ctx.now(),
      failures: 0,
    })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', row.id)
    .execute()
  return outcomes
}

/** Ids are given in order, and the batch has the organisation to itself, so that the first and the last say it all. */
async function noteWhoCame(ctx: TransactionContext, importId: string, items: string[]): Promise<void> {
  const [first, last] = [idOf(items[0]), idOf(items.at(-1))]
  if (first === undefined || last === undefined) return
  const { id: organisationId } = ctx.organisation
  await sql`
    with grown as (
      update imported_people set last_id = ${last}
        where organisation_id = ${organisationId} and import_id = ${importId} and last_id = ${first - 1} and activity_number is null
          and first_id = (select max(first_id) from imported_people where organisation_id = ${organisationId})
        returning 1
    )
    insert into imported_people (organisation_id, first_id, last_id, import_id)
      select ${organisationId}, ${first}, ${last}, ${importId} where not exists (select from grown)`.execute(ctx.sql)
}

function idOf(item: string | undefined): number | undefined {
  return item === undefined ? undefined : Number((JSON.parse(item) as { id: string }).id)
}
