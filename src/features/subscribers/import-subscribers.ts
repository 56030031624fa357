import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { addAbortSignal, PassThrough } from 'node:stream'
import { type Context, requireRole } from '../../platform/context.ts'
import { CsvReader, type CsvRecord } from '../../platform/csv/csv-reader.ts'
import { CsvText } from '../../platform/csv/csv-text.ts'
import { AppError } from '../../platform/errors.ts'
import { decideRow, type ImportedPerson } from '../imports/decide-row.ts'
import { guessReading } from '../imports/guess-reading.ts'
import type { ImportCounts, ImportReading, RowOutcome } from '../imports/import.ts'
import { importDirectly } from '../imports/import-directly.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'

const batchRows = 1_000

/**
 * Adds everybody of a CSV file, read as the import page guesses it, by the rules of that page, in batches, so that a million
 * rows need no more memory than a thousand. One activity for the whole import. Running it again adds nobody twice.
 * @throws AppError `validation_failed` for a file that is no such CSV, `not_found`.
 */
export async function importSubscribers(ctx: Context, waitlistId: string, file: string): Promise<ImportCounts> {
  requireRole(ctx, 'admin')
  await getWaitlist(ctx, waitlistId)
  return importDirectly(ctx, waitlistId, basename(file), batches(ctx, file))
}

async function* batches(ctx: Context, file: string): AsyncGenerator<(ImportedPerson | RowOutcome)[]> {
  let rows: (ImportedPerson | RowOutcome)[] = []
  for await (const { record, reading } of readRecords(file, ctx.stopping)) {
    rows.push(decideRow(record, reading, ctx.now()))
    if (rows.length === batchRows) {
      yield rows
      rows = []
    }
  }
  if (rows.length > 0) yield rows
}

/** Read as it comes, a pipe too: what kind of file it is, is told by its beginning. */
async function* readRecords(
  file: string,
  stopping: AbortSignal | undefined,
): AsyncGenerator<{ record: CsvRecord; reading: ImportReading }> {
  const text = new CsvText()
  let reading: ImportReading | undefined
  let reader: CsvReader | undefined
  let skip = false
  const take = function* (bytes: Buffer, atEnd: boolean) {
    if (bytes.length === 0 && !atEnd) return
    reading ??= guessReading(bytes, text.encoding)
    if (reading.email === null)
      throw new AppError(
        'validation_failed',
        'The file has no column of e-mail addresses. Name it email in the first row.',
      )
    skip = reader ? skip : reading.has_header
    reader ??= new CsvReader(reading)
    for (const record of [...reader.push(bytes), ...(atEnd ? reader.end() : [])]) {
      if (!skip) yield { record, reading }
      skip = false
    }
  }
  try {
    const source = createReadStream(file)
    // To break off here: a read of a pipe that nobody writes to cannot be.
    const through = source.pipe(new PassThrough())
    source.on('error', (error) => through.destroy(error))
    if (stopping) addAbortSignal(stopping, through)
    for await (const bytes of through as AsyncIterable<Buffer>) yield* take(text.push(bytes), false)
    yield* take(text.end(), true)
  } catch (error) {
    if (error instanceof AppError) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new AppError('validation_failed', `The file cannot be read: ${why}`, { cause: error })
  }
}
