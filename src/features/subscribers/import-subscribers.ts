import { createReadStream } from 'node:fs'
import { addAbortSignal } from 'node:stream'
import { parse } from 'csv-parse'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { type AddOutcome, type JoinRow, joinOpenWaitlist } from './add-subscriber.ts'
import { parseEmailAddress } from './email-address.ts'
import { parseRfc3339 } from './joined-at.ts'

export interface ImportCounts {
  added: number
  already_there: number
  refused: number
}

/** Whoever was removed is refused: only they themselves, or somebody by hand, bring them back. */
const countedAs = {
  added: 'added',
  confirmed: 'already_there',
  already_there: 'already_there',
  removed: 'refused',
} as const satisfies Record<AddOutcome, keyof ImportCounts>
const batchRows = 1_000
const maxRecordBytes = 64 * 1024

/**
 * Adds everybody of a CSV file (RFC 4180, a header row with `email` and perhaps `joined_at`), in batches, so that a million
 * rows need no more memory than a thousand. One activity for the whole import. Running it again adds nobody twice.
 * @throws AppError `validation_failed` for a file that is no such CSV, `not_found`.
 */
export async function importSubscribers(ctx: Context, waitlistId: string, file: string): Promise<ImportCounts> {
  requireRole(ctx, 'admin')
  const waitlist = await getWaitlist(ctx, waitlistId)
  const counts: ImportCounts = { added: 0, already_there: 0, refused: 0 }
  try {
    for await (const rows of batches(ctx, file, counts)) {
      const joined = await inTransaction(ctx, (ctx) => joinOpenWaitlist(ctx, waitlistId, rows, { logged: false }))
      for (const { outcome } of joined) counts[countedAs[outcome]] += 1
    }
  } finally {
    // Also for an import that broke off: what it had added until then is there.
    if (counts.added > 0) {
      await inTransaction(ctx, (ctx) =>
        recordActivity(ctx, {
          action: 'subscriber.imported',
          targets: [{ type: 'waitlist', id: waitlistId, name: waitlist.name }],
          changes: { after: { ...counts } },
        }),
      )
    }
  }
  return counts
}

async function* batches(ctx: Context, file: string, counts: ImportCounts): AsyncGenerator<JoinRow[]> {
  let rows: JoinRow[] = []
  for await (const record of readRecords(file, ctx.stopping)) {
    const row = toJoinRow(ctx, record)
    if (!row) {
      counts.refused += 1
      continue
    }
    rows.push(row)
    if (rows.length === batchRows) {
      yield rows
      rows = []
    }
  }
  if (rows.length > 0) yield rows
}

async function* readRecords(file: string, stopping: AbortSignal | undefined): AsyncGenerator<Record<string, string>> {
  const source = createReadStream(file)
  const parser = source.pipe(
    parse({
      bom: true,
      columns: (header: string[]) => header.map((name) => name.trim().toLowerCase()),
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: maxRecordBytes,
    }),
  )
  source.on('error', (error) => parser.destroy(error))
  if (stopping) addAbortSignal(stopping, parser)
  let first = true
  try {
    for await (const record of parser as AsyncIterable<Record<string, string>>) {
      if (first && !('email' in record))
        throw new AppError('validation_failed', 'The file needs a header row with a column named email.')
      first = false
      yield record
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError(
      'validation_failed',
      `The file cannot be read as CSV: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
}

/** Undefined for a row that is refused: no e-mail address, or a time that is none or lies ahead. */
function toJoinRow(ctx: Context, record: Record<string, string>): JoinRow | undefined {
  const email = parseEmailAddress(unguard(record.email ?? ''))
  const typed = unguard(record.joined_at ?? '').trim()
  const joinedAt = typed === '' ? null : (parseRfc3339(typed) ?? undefined)
  if (!email || joinedAt === undefined || (joinedAt && joinedAt > ctx.now())) return undefined
  return { email, joinedAt }
}

/** Takes away the quote that an export puts before what a spreadsheet would run as a formula. */
function unguard(cell: string): string {
  return /^''*[=+\-@\t\r\0]/.test(cell) ? cell.slice(1) : cell
}
