import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { readImport } from './get-import.ts'
import type { ImportStarter } from './import.ts'
import { type ImportJob, importJob } from './run-import.ts'

/**
 * Has an import that was looked at done in the background. One that runs or is over already is left as it is, so that a
 * second press changes nothing.
 * @throws AppError `conflict` for an archived waitlist, `validation_failed` while no column holds addresses, `not_found`, `forbidden`.
 */
export async function startImport(ctx: Context, waitlistId: string, id: string): Promise<void> {
  requireRole(ctx, 'admin')
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const { state, reading, run } = await readImport(ctx, id, waitlistId)
    if (state !== 'uploaded') return
    const waitlist = await getWaitlist(ctx, waitlistId)
    if (waitlist.archived_at) throw new AppError('conflict', 'This waitlist is archived: it takes nobody in.')
    if (!reading || reading.email === null)
      throw fieldError('email', 'required', 'Choose the column that holds the e-mail addresses.')
    const { actor, requestId, ip, userAgent, organisation } = ctx
    const starter: ImportStarter = { id: actor.id, name: actor.name, request_id: requestId, ip, user_agent: userAgent }
    const now = ctx.now()
    await ctx.sql
      .updateTable('imports')
      .set({ state: 'running', run: run + 1, started_at: now, progressed_at: now, started_by: JSON.stringify(starter) })
      .where('organisation_id', '=', organisation.id)
      .where('id', '=', id)
      .execute()
    const job: ImportJob = { organisation_id: organisation.id, import_id: id, run: run + 1 }
    await enqueue(ctx, importJob, job)
  })
}
