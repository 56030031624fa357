import { type Context, inLaterSnapshot, inSnapshot, inTransaction, requireRole } from '../../platform/context.ts'
import { guardCell, toCsvLine, unguardCell } from '../../platform/csv/csv-line.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import { AppError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { bytesOf } from './blank-record.ts'
import { reasonOf } from './decide-row.ts'
import { getImport, readImport } from './get-import.ts'
import { type Import, type ImportReading, isOver, isRowOutcome, rowOutcomes } from './import.ts'
import { readHeader, readRows } from './import-file.ts'

const pieceLength = 64 * 1024

/**
 * The file as it was brought, with what became of each row, or of the refused ones alone, piece by piece. It can be mended
 * and imported again: columns that nobody asks for are passed over. It holds email addresses, so it is an activity like any
 * export, written before the first piece.
 * @throws AppError `not_found`, also once the file has been deleted, `conflict` while the import runs, `forbidden`.
 */
export async function exportResults(
  ctx: Context,
  waitlistId: string,
  id: string,
  { onlyRefused }: { onlyRefused: boolean },
): Promise<{ fileName: string; csv: AsyncGenerator<string> }> {
  const row = await getImport(ctx, waitlistId, id)
  if (!isOver(row)) throw new AppError('conflict', 'The import is not over yet.')
  if (row.file_deleted_at) throw noLongerKept()
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const { name } = await getWaitlist(ctx, waitlistId)
    await recordActivity(ctx, {
      action: 'subscriber.exported',
      targets: [{ type: 'waitlist', id: waitlistId, name }],
      changes: { after: { import: id, rows: onlyRefused ? 'refused' : 'all' } },
    })
  })
  return { fileName: row.file_name, csv: toCsv(ctx, row, onlyRefused) }
}

const notReached = { result: 'not imported', reason: 'The import ended before this row.' }

async function* toCsv(ctx: Context, row: Import, onlyRefused: boolean): AsyncGenerator<string> {
  const { reading } = row
  if (!reading) return
  const own = ['row', 'result', 'reason']
  const outcomes = readOutcomes(ctx, row.id)
  let number = 0
  let width = 0
  let text = ''
  for await (const record of readRows(ctx, { id: row.id, position: 0 }, reading)) {
    const cells = record.broken ? [await lineOf(ctx, row.id, record, reading)] : record.cells
    number += 1
    if (number === 1) {
      const header = await readHeader(ctx, row.id, reading)
      width = Math.max(header.length, cells.length)
      text = toLine([...own, ...(header.length > 0 ? header : cells.map((_, i) => `column_${i + 1}`))])
    }
    const { value: letter = '' } = await outcomes.next()
    const { result, reason } = isRowOutcome(letter)
      ? { ...rowOutcomes[letter], reason: reasonOf(letter, record, reading) }
      : notReached
    if (!onlyRefused || result === 'refused') text += toLine([String(number), result, reason, ...padTo(width, cells)])
    // Long stretches without a row to show give way to other downloads.
    if (number % 1_000 === 0) yield ''
    if (text.length < pieceLength) continue
    await requireFile(ctx, row)
    yield text
    text = ''
  }
  await requireFile(ctx, row)
  yield text
}

/** A file that is deleted meanwhile seems to end earlier: what was read of it is not passed off as whole. */
function requireFile(ctx: Context, { id }: Import): Promise<void> {
  return inLaterSnapshot(ctx, 'admin', async (ctx) => {
    if ((await readImport(ctx, id)).file_deleted_at) throw noLongerKept()
  })
}

function noLongerKept(): AppError {
  return new AppError('not_found', 'The results of this import are no longer kept.')
}

/** So that a table it stays, for those who read it strictly. */
function padTo(width: number, cells: string[]): string[] {
  return [...cells, ...Array.from({ length: Math.max(0, width - cells.length) }, () => '')]
}

/** What is no CSV, as it stands in the file, in one cell; of what is too long the beginning. */
async function lineOf(ctx: Context, id: string, { start, end }: CsvRecord, reading: ImportReading): Promise<string> {
  const bytes = await bytesOf(ctx, id, { start, end: Math.min(end, start + pieceLength) })
  return new TextDecoder(reading.encoding).decode(bytes).trimEnd()
}

/** A cell that came with a quote in front against formulas has one, not two. */
function toLine(cells: readonly string[]): string {
  return toCsvLine(cells.map((cell) => guardCell(unguardCell(cell))))
}

async function* readOutcomes(ctx: Context, id: string): AsyncGenerator<string, undefined> {
  for (let from = 0; ; ) {
    const rows = await inSnapshot(ctx, (ctx) =>
      ctx.sql
        .selectFrom('import_results')
        .select(['first_row', 'outcomes'])
        .where('organisation_id', '=', ctx.organisation.id)
        .where('import_id', '=', id)
        .where('first_row', '>=', from)
        .orderBy('first_row')
        .limit(100)
        .execute(),
    )
    for (const { outcomes } of rows) yield* outcomes
    const last = rows.at(-1)
    if (!last) return undefined
    from = last.first_row + 1
  }
}
