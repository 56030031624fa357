import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { requireDiskSpace } from '../../platform/process/disk-space.ts'
import { beginRun } from './begin-run.ts'
import { readImport } from './get-import.ts'
import { canGoOn, isOver } from './import.ts'

/**
 * Has an import that was cancelled, or stopped by itself, go on with the next row of its file, under the name of whoever asks
 * for it. What it brings from here on is a row of the log of its own: the one of before is written, and never changes. One that
 * has not begun, runs or is done is left as it is, so that of two presses one does something.
 * @throws AppError `conflict` for an archived waitlist, or a file that is not kept (any more); `unavailable`, `not_found`, `forbidden`.
 */
export async function continueImport(ctx: Context, waitlistId: string, id: string): Promise<void> {
  requireRole(ctx, 'admin')
  await requireDiskSpace(ctx)
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const row = await readImport(ctx, id, waitlistId)
    if (!isOver(row) || row.state === 'done') return
    if (!canGoOn(row)) throw new AppError('conflict', 'The file of this import is no longer kept. Upload it again.')
    const { added, confirmed, already_there, refused } = row
    await beginRun(ctx, row, { added, confirmed, already_there, refused })
  })
}
