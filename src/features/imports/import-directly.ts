import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { SessionLocks } from '../../platform/db/session-locks.ts'
import { AppError } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import { requireDiskSpace } from '../../platform/process/disk-space.ts'
import type { Services } from '../../platform/services.ts'
import { addBatch } from './add-batch.ts'
import type { ImportedPerson } from './decide-row.ts'
import { finishImport } from './finish-import.ts'
import { readImport } from './get-import.ts'
import type { ImportCounts, RowOutcome } from './import.ts'
import { workerContext } from './worker-context.ts'

const markOf = (id: string) => `import ${id}`

/**
 * Imports batches that a command reads by itself, each in one transaction with the counts. It stands among the waitlist's
 * imports, where it can be cancelled; its one row of the log comes with its end, also where the command is killed.
 * @throws AppError `not_found`, `forbidden`, `conflict` once it was cancelled, `unavailable` where the disk is nearly full; whatever `batches` throws.
 */
export async function importDirectly(
  ctx: Context,
  waitlistId: string,
  fileName: string,
  batches: AsyncIterable<readonly (ImportedPerson | RowOutcome)[]>,
  /** Is told what became of each row of a batch, once that is sure. */
  tell: (outcomes: readonly RowOutcome[]) => Promise<void> = async () => undefined,
): Promise<ImportCounts> {
  requireRole(ctx, 'admin')
  const id = newId('import')
  const locks = new SessionLocks(ctx.db)
  let begun = false
  const work = async () => {
    try {
      for await (const rows of batches) {
        const outcomes = await inTransaction(ctx, async (ctx) => {
          requireRole(ctx, 'admin')
          await requireDiskSpace(ctx)
          if (!begun) await begin(ctx, waitlistId, id, fileName)
          const row = await readImport(ctx, id)
          if (row.state !== 'running') throw new AppError('conflict', 'The import was cancelled on its page.')
          return addBatch(ctx, row, rows, 0)
        })
        begun = true
        await tell(outcomes)
      }
      if (begun) await end(ctx, id, 'done')
    } catch (error) {
      // What it had added until then is there.
      if (begun) await end(ctx, id, 'stopped')
      throw error
    }
    if (!begun) return { added: 0, confirmed: 0, already_there: 0, refused: 0 }
    const { added, confirmed, already_there, refused } = await inTransaction(ctx, (ctx) => readImport(ctx, id))
    return { added, confirmed, already_there, refused }
  }
  try {
    const counts = await locks.tryWith(markOf(id), work)
    if (!counts) throw new Error('the mark of a new import is taken')
    return counts
  } finally {
    await locks.close()
  }
}

/** Ends imports whose command was killed, so that the log tells of what they added. Runs as the tables' owner. */
export async function endAbandonedImports(services: Services): Promise<void> {
  const running = await services.db.kysely
    .selectFrom('imports')
    .select(['organisation_id', 'id'])
    .where('state', '=', 'running')
    .where('reading', 'is', null)
    .execute()
  if (running.length === 0) return
  const locks = new SessionLocks(services.db)
  try {
    for (const { organisation_id, id } of running) {
      const ctx = await workerContext(services, organisation_id)
      if (ctx) await locks.tryWith(markOf(id), () => end(ctx, id, 'stopped'))
    }
  } finally {
    await locks.close()
  }
}

async function begin(ctx: TransactionContext, waitlistId: string, id: string, fileName: string): Promise<void> {
  const { actor, requestId, ip, userAgent, organisation } = ctx
  const now = ctx.now()
  await ctx.sql
    .insertInto('imports')
    .values({
      organisation_id: organisation.id,
      id,
      waitlist_id: waitlistId,
      state: 'running',
      file_name: fileName,
      started_by: JSON.stringify({ id: actor.id, name: actor.name, request_id: requestId, ip, user_agent: userAgent }),
      started_at: now,
      progressed_at: now,
      file_deleted_at: now,
    })
    .execute()
}

function end(ctx: Context, id: string, state: 'done' | 'stopped'): Promise<void> {
  return inTransaction(ctx, async (ctx) => {
    if ((await readImport(ctx, id)).state === 'running')
      await finishImport(ctx, id, state, state === 'done' ? null : 'ended')
  })
}
