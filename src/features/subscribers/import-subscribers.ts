import { basename } from 'node:path'
import { type Context, requireRole } from '../../platform/context.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import { AppError } from '../../platform/errors.ts'
import { type ColumnMap, withColumns } from '../imports/column-map.ts'
import { findDateOrders, mayNeedOrder } from '../imports/date-order.ts'
import { decideRow, type ImportedPerson, reasonOf } from '../imports/decide-row.ts'
import { guessReading, headerOf, sampleRowsOf } from '../imports/guess-reading.ts'
import { type ImportCounts, type ImportReading, type RowOutcome, rowOutcomes } from '../imports/import.ts'
import { importDirectly } from '../imports/import-directly.ts'
import { ImportSource } from '../imports/import-source.ts'
import type { DateOrder } from '../imports/imported-time.ts'
import { findInactive, type StatusWord, toStatusKey } from '../imports/subscriber-status.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'

const batchRows = 1_000

/** What somebody says instead of having it guessed, and who wants to know of refused rows. */
export interface ImportOptions {
  map?: ColumnMap | undefined
  delimiter?: string | undefined
  leadRows?: number | undefined
  dateOrder?: DateOrder | undefined
  includeStatus?: readonly string[] | undefined
  begin?: (header: readonly string[]) => Promise<void>
  refuse?: (row: RefusedRow) => Promise<void>
}

export interface RefusedRow {
  /** Counted from 1, below the names of the columns. */
  row: number
  outcome: RowOutcome
  reason: string
  cells: readonly string[]
  /** Where the word for its state was the reason. */
  inactive: StatusWord | undefined
}

/**
 * Adds everybody of a CSV file, read as the import page guesses it or as somebody says, by the rules of that page, in batches,
 * so that a million rows need no more memory than a thousand. One activity for the whole import. Running it again adds nobody twice.
 * @throws AppError `validation_failed` for a file that is no such CSV, `not_found`.
 */
export async function importSubscribers(
  ctx: Context,
  waitlistId: string,
  file: string,
  options: ImportOptions = {},
): Promise<ImportCounts> {
  requireRole(ctx, 'admin')
  await getWaitlist(ctx, waitlistId)
  const source = await readingFile(() => ImportSource.open(ctx, file))
  try {
    const { reading, header } = await readingFile(() => settle(source, options))
    await options.begin?.(header)
    const pending: { record: CsvRecord; row: number }[] = []
    const tell = async (outcomes: readonly RowOutcome[]) => {
      for (const outcome of outcomes) {
        const told = pending.shift()
        if (told && rowOutcomes[outcome].result === 'refused')
          await options.refuse?.(toRefused(told.record, told.row, outcome, reading))
      }
    }
    return await importDirectly(ctx, waitlistId, basename(file), batches(ctx, source, reading, pending), tell)
  } finally {
    await source.close()
  }
}

/** How the file is read: as guessed, but for what was said. */
async function settle(source: ImportSource, options: ImportOptions) {
  const { beginning, isWhole, encoding } = source
  if (!/[^\r\n]/.test(beginning.toString('latin1'))) throw new AppError('validation_failed', 'The file is empty.')
  const guessed = guessReading(beginning, encoding, {
    ...{ delimiter: options.delimiter, lead_rows: options.leadRows, isWhole },
  })
  const header = headerOf(beginning, guessed, isWhole)
  const rows = sampleRowsOf(beginning, guessed, isWhole)
  const width = Math.max(header.length, ...rows.map((cells) => cells.length))
  const reading = withColumns(guessed, options.map ?? {}, { header, width })
  if (reading.email === null)
    throw new AppError(
      'validation_failed',
      'The file has no column of email addresses. Name it email in the first row, or say which it is with --map email=COLUMN.',
    )
  const included = (options.includeStatus ?? []).map(toStatusKey).filter(Boolean)
  reading.include_status = [...(guessed.include_status ?? []), ...included]
  reading.date_order = options.dateOrder
  if (reading.joined_at !== null && !options.dateOrder && mayNeedOrder(rows, reading.joined_at)) {
    await source.readToEnd()
    const orders = await findDateOrders(source.records(reading), [reading.joined_at])
    reading.date_order = orders[reading.joined_at]
  }
  return { reading, header }
}

async function* batches(
  ctx: Context,
  source: ImportSource,
  reading: ImportReading,
  pending: { record: CsvRecord; row: number }[],
): AsyncGenerator<(ImportedPerson | RowOutcome)[]> {
  let rows: (ImportedPerson | RowOutcome)[] = []
  let row = 0
  const records = source.records(reading)
  for (;;) {
    const next = await readingFile(() => records.next())
    if (next.done) break
    row += 1
    pending.push({ record: next.value, row })
    rows.push(decideRow(next.value, reading, ctx.now()))
    if (rows.length === batchRows) {
      yield rows
      rows = []
    }
  }
  if (rows.length > 0) yield rows
}

function toRefused(record: CsvRecord, row: number, outcome: RowOutcome, reading: ImportReading): RefusedRow {
  const inactive = outcome === 's' || outcome === 'p' ? findInactive(record.cells, reading) : undefined
  return { row, outcome, reason: reasonOf(outcome, record, reading), cells: record.cells, inactive }
}

async function readingFile<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof AppError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new AppError('validation_failed', `The file cannot be read: ${why}`, { cause: error })
  }
}
