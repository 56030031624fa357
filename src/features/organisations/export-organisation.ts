import { PassThrough, Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import {
  type Context,
  inSnapshot,
  inTransaction,
  requireRole,
  type TransactionContext,
} from '../../platform/context.ts'
import { guardCell, toCsvLine } from '../../platform/csv/csv-line.ts'
import type { Downloads } from '../../platform/downloads.ts'
import { AppError } from '../../platform/errors.ts'
import { requireTokens } from '../../platform/rate-limit/take-tokens.ts'
import { chainOwnActivities } from '../activity/chain-activities.ts'
import { recordActivity } from '../activity/record-activity.ts'
import type { ExportedTable } from './exported-table.ts'
import { exportedTables } from './exported-tables.ts'

/** A user's archives of all organisations together. */
export const archiveRule = { perSecond: 10 / 3_600, burst: 10 }

/**
 * Everything of an organisation as one ZIP archive, but what its plan hides of the log: each table as JSON Lines and as
 * CSV, all as it was at one moment. It comes as it is read, so that a million people need no more memory than a hundred.
 * One activity, written first; one export of an organisation and of a user at a time. Until the archive is read or destroyed
 * its snapshot takes a connection.
 * @throws AppError `forbidden`, `conflict` while another one is under way, `rate_limited`.
 */
export async function exportOrganisation(ctx: Context, downloads: Downloads): Promise<Readable> {
  requireRole(ctx, 'owner')
  const output = new PassThrough()
  // Whoever reads it is told of an error all the same; before and after there may be nobody, and the server goes on.
  output.on('error', () => {})
  const begun = Promise.withResolvers<void>()
  let hasBegun = false
  let hasToken = false
  const takeToken = async () => {
    if (hasToken) return
    const bucket = { subject: `archive:${ctx.actor.id}`, rule: archiveRule }
    await requireTokens(ctx, [bucket], (wait) => `You can download ten archives an hour. Try again in ${wait}.`)
    hasToken = true
  }
  const write = async () => {
    await takeToken()
    await inTransaction(ctx, async (ctx) => {
      requireRole(ctx, 'owner')
      const { id, name } = ctx.organisation
      await recordActivity(ctx, { action: 'organisation.exported', targets: [{ type: 'organisation', id, name }] })
    })
    hasBegun = true
    begun.resolve()
    await chainOwnActivities(ctx)
    const at = ctx.now()
    await inSnapshot({ ...ctx, now: () => at }, (ctx) => writeArchive(ctx, output))
    return true
  }
  downloads
    .run(ctx, 'archive', () => downloads.locks.tryWith(`export ${ctx.organisation.id}`, write), takeToken)
    .then((done) => {
      // Last of all, so that whoever has the whole archive may have the next one at once.
      if (done) output.end()
      else
        begun.reject(new AppError('conflict', 'An export of this organisation is under way. Wait until it is there.'))
    })
    .catch((error: unknown) => {
      begun.reject(error)
      if (hasBegun && !isAbandoned(error)) ctx.log.error({ err: error }, 'an export of an organisation broke off')
      output.destroy(error instanceof Error ? error : undefined)
    })
  await begun.promise
  return output
}

async function writeArchive(ctx: TransactionContext, output: PassThrough): Promise<void> {
  const zip = new ZipFile()
  const stop = new AbortController()
  let failure: unknown
  // What cannot be read ends the archive where it is: cut off, so that nobody takes it for whole.
  const fail = (error: unknown) => {
    if (!stop.signal.aborted) failure = error
    stop.abort()
  }
  const add = (path: string, lines: AsyncIterable<string>) => {
    zip.addReadStreamLazy(path, { mtime: ctx.now() }, (done) => {
      const file = Readable.from(watched(lines, stop.signal), { objectMode: false })
      done(null, file.on('error', fail))
    })
  }
  for (const [name, table] of Object.entries(exportedTables)) {
    add(`${name}.jsonl`, toJsonLines(table.rows(ctx)))
    add(`${name}.csv`, toCsv(table, ctx))
  }
  zip.end()
  try {
    await pipeline(zip.outputStream, output, { end: false, signal: stop.signal })
  } catch (error) {
    throw failure ?? error
  } finally {
    // Nothing is read any more once the snapshot is gone.
    stop.abort()
  }
}

/** Ends with the reader. */
async function* watched(lines: AsyncIterable<string>, signal: AbortSignal) {
  for await (const line of lines) {
    signal.throwIfAborted()
    yield line
    signal.throwIfAborted()
  }
}

async function* toJsonLines(rows: AsyncIterable<Record<string, unknown>[]>): AsyncGenerator<string> {
  for await (const page of rows) yield page.map((row) => `${JSON.stringify(row)}\n`).join('')
}

async function* toCsv({ columns, rows }: ExportedTable, ctx: TransactionContext): AsyncGenerator<string> {
  yield toCsvLine(columns)
  for await (const page of rows(ctx))
    yield page.map((row) => toCsvLine(columns.map((column) => guardCell(toCell(row[column]))))).join('')
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** The reader went away, or was cut off. */
function isAbandoned(error: unknown): boolean {
  return (
    error instanceof Error &&
    ['ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes((error as NodeJS.ErrnoException).code ?? '')
  )
}
