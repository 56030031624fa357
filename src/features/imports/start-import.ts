import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { fieldError } from '../../platform/errors.ts'
import { beginRun } from './begin-run.ts'
import { readImport } from './get-import.ts'
import { countRows } from './room-for-files.ts'

/**
 * Has an import that was looked at done in the background. One that runs or is over already is left as it is, so that a
 * second press changes nothing.
 * @throws AppError `conflict` for an archived waitlist, `validation_failed` while no column holds addresses, `rate_limited`, `unavailable`,
 * `not_found`, `forbidden`.
 */
export async function startImport(ctx: Context, waitlistId: string, id: string): Promise<void> {
  requireRole(ctx, 'admin')
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const row = await readImport(ctx, id, waitlistId)
    if (row.state !== 'uploaded') return
    if (!row.reading || row.reading.email === null)
      throw fieldError('email', 'required', 'Choose the column that holds the e-mail addresses.')
    await countRows(ctx, row.lines)
    await beginRun(ctx, row)
  })
}
