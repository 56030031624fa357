import type { TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import type { Import, ImportCounts, ImportStarter } from './import.ts'
import { queueImport } from './queue-import.ts'

/**
 * Has an import work on its file from where it is, under the name of whoever acts. `beganWith`: what it has come to before.
 * @throws AppError `conflict` for an archived waitlist, and where the file has just been deleted.
 */
export async function beginRun(
  ctx: TransactionContext,
  { id, waitlist_id, run }: Import,
  beganWith?: ImportCounts,
): Promise<void> {
  const waitlist = await getWaitlist(ctx, waitlist_id)
  if (waitlist.archived_at) throw new AppError('conflict', 'This waitlist is archived: it takes nobody in.')
  const { actor, requestId, ip, userAgent, organisation } = ctx
  const starter: ImportStarter = { id: actor.id, name: actor.name, request_id: requestId, ip, user_agent: userAgent }
  const now = ctx.now()
  const { numUpdatedRows } = await ctx.sql
    .updateTable('imports')
    .set({
      ...{ state: 'running', run: run + 1, failures: 0, stopped_reason: null },
      ...{ started_at: now, progressed_at: now, finished_at: null, started_by: JSON.stringify(starter) },
      ...(beganWith ? { began_with: JSON.stringify(beganWith) } : {}),
    })
    .where('organisation_id', '=', organisation.id)
    .where('id', '=', id)
    // Files are deleted by whoever does not wait for the organisation's writers.
    .where('file_deleted_at', 'is', null)
    .executeTakeFirstOrThrow()
  if (numUpdatedRows === 0n) throw new AppError('conflict', 'The file of this import is no longer kept.')
  await queueImport(ctx, { organisation_id: organisation.id, import_id: id, run: run + 1 })
}
