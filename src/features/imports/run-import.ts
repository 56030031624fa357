import { type Context, inSnapshot, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { isDiskLow } from '../../platform/process/disk-space.ts'
import type { Services } from '../../platform/services.ts'
import { addBatch } from './add-batch.ts'
import { decideRow, type ImportedPerson } from './decide-row.ts'
import { asStarter, finishImport } from './finish-import.ts'
import { readImport } from './get-import.ts'
import type { Import, ImportReading, RowOutcome, StopReason } from './import.ts'
import { readRows } from './import-file.ts'
import { type ImportJob, queueImport } from './queue-import.ts'
import { mayImportUncounted } from './room-for-files.ts'
import { workerContext } from './worker-context.ts'

/** So that others who write in the organisation wait for a batch a tenth of a second, not longer. */
const batchRows = 250
/** Then the next fairness key in the queue has its turn. */
export const sliceMs = 2_000
const maxFailures = 10

interface Batch {
  position: number
  end: number
  rows: (ImportedPerson | RowOutcome)[]
  isLast: boolean
}

/**
 * Works on an import for about two seconds, and queues what is left. Each batch is one transaction with how far the import
 * got: broken off anywhere, by whatever, it goes on from there, and no row is done twice.
 */
export async function runImport(services: Services, { organisation_id, import_id, run }: ImportJob): Promise<void> {
  const system = await workerContext(services, organisation_id)
  if (!system) return
  const job = { organisation_id, import_id, run }
  const row = await inSnapshot(system, (ctx) => readImport(ctx, import_id)).catch(ifGone)
  if (!row?.reading || row.state !== 'running' || row.run !== run) return
  const ctx = asStarter(system, row.started_by)
  if (await isDiskLow(services)) {
    await finishUnlessOver(system, job, 'disk')
    return
  }
  const until = ctx.now().getTime() + sliceMs
  try {
    for await (const batch of batchesOf(ctx, row, row.reading)) {
      const goOn = await importBatch(
        ctx,
        job,
        batch,
        () => ctx.now().getTime() >= until || Boolean(ctx.stopping?.aborted),
      )
      if (!goOn) return
    }
  } catch (error) {
    await noteFailure(system, job, error)
  }
}

async function* batchesOf(ctx: Context, row: Import, reading: ImportReading): AsyncGenerator<Batch> {
  let { position } = row
  let rows: Batch['rows'] = []
  let end = position
  for await (const record of readRows(ctx, row, reading)) {
    if (rows.length === batchRows) {
      yield { position, end, rows, isLast: false }
      position = end
      rows = []
    }
    rows.push(decideRow(record, reading, ctx.now()))
    end = record.end
  }
  yield { position, end, rows, isLast: true }
}

/** Answers whether to go on with the next batch here. */
function importBatch(ctx: Context, job: ImportJob, batch: Batch, isTimeUp: () => boolean): Promise<boolean> {
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const row = await readImport(ctx, job.import_id)
    // Cancelled, or somebody else is at it.
    if (row.state !== 'running' || row.run !== job.run || row.position !== batch.position) return false
    if (!(await mayImportUncounted(ctx, row, batch.rows.length))) {
      await finishImport(ctx, row.id, 'stopped', 'rows')
      return false
    }
    const outcomes = await addBatch(ctx, row, batch.rows, batch.end)
    if (outcomes.length > 0) {
      await ctx.sql
        .insertInto('import_results')
        .values({
          organisation_id: ctx.organisation.id,
          import_id: row.id,
          first_row: row.done_rows,
          outcomes: outcomes.join(''),
        })
        .execute()
    }
    if (batch.isLast) await finishImport(ctx, row.id, 'done')
    else if (isTimeUp()) await queueImport(ctx, job)
    else return true
    return false
  })
}

async function finishUnlessOver(system: Context, job: ImportJob, reason: StopReason): Promise<void> {
  await inTransaction(system, async (ctx) => {
    const row = await readImport(ctx, job.import_id)
    if (row.state === 'running' && row.run === job.run) await finishImport(ctx, row.id, 'stopped', reason)
  }).catch(ifGone)
}

/** What will not mend itself stops the import with its reason; anything else is tried again by `resumeImports`, and not for ever. */
async function noteFailure(system: Context, job: ImportJob, error: unknown): Promise<void> {
  const foreseen: StopReason | undefined =
    error instanceof AppError && error.code === 'not_found'
      ? 'archived'
      : error instanceof AppError && error.code === 'forbidden'
        ? 'forbidden'
        : undefined
  if (!foreseen) system.log.error({ err: error, import_id: job.import_id }, 'an import failed; it comes again')
  await inTransaction(system, async (ctx) => {
    const row = await readImport(ctx, job.import_id)
    if (row.state !== 'running' || row.run !== job.run) return
    const { failures } = await ctx.sql
      .updateTable('imports')
      .set((eb) => ({ failures: eb('failures', '+', 1), progressed_at: ctx.now() }))
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', row.id)
      .returning('failures')
      .executeTakeFirstOrThrow()
    if (foreseen || failures >= maxFailures) await finishImport(ctx, row.id, 'stopped', foreseen ?? 'failed')
  }).catch(ifGone)
}

/** The import, or its organisation, has been deleted meanwhile. */
function ifGone(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'not_found') return undefined
  throw error
}
