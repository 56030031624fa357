import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { readImport } from './get-import.ts'
import type { Import, ImportCounts, StopReason } from './import.ts'

/**
 * Ends an import: its row of the log comes with the end, under the name of whoever began it or had it go on, if that has
 * changed anything. It tells what came since then: what came before has a row already.
 */
export async function finishImport(
  ctx: TransactionContext,
  id: string,
  state: 'done' | 'cancelled' | 'stopped',
  reason: StopReason | null = null,
): Promise<void> {
  await ctx.sql
    .updateTable('imports')
    .set({ state, stopped_reason: reason, finished_at: ctx.now() })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .execute()
  const row = await readImport(ctx, id)
  const { waitlist_id, started_by, began_with } = row
  const { added, confirmed, already_there, refused } = countsSince(row, began_with)
  if (added + confirmed === 0) return
  const { name } = await getWaitlist(ctx, waitlist_id)
  const number = await recordActivity(asStarter(ctx, started_by), {
    action: 'subscriber.imported',
    targets: [{ type: 'waitlist', id: waitlist_id, name }],
    changes: {
      after: {
        added,
        ...(confirmed > 0 ? { confirmed } : {}),
        already_there,
        refused,
        ...(began_with ? { continued: true } : {}),
        ...(state === 'done' ? {} : { [state]: reason ?? true }),
      },
    },
  })
  await ctx.sql
    .updateTable('imports')
    .set({ activity_number: number })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .execute()
  await ctx.sql
    .updateTable('imported_people')
    .set({ activity_number: number })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('import_id', '=', id)
    .where('activity_number', 'is', null)
    .execute()
}

function countsSince(now: ImportCounts, then: ImportCounts | null): ImportCounts {
  return {
    added: now.added - (then?.added ?? 0),
    confirmed: now.confirmed - (then?.confirmed ?? 0),
    already_there: now.already_there - (then?.already_there ?? 0),
    refused: now.refused - (then?.refused ?? 0),
  }
}

/**
 * Ends an import before its time: those who joined until then stay, and it can go on later. One that has not begun is
 * forgotten with its file; one that is over is left as it is.
 * @throws AppError `not_found`, `forbidden`.
 */
export async function cancelImport(ctx: Context, waitlistId: string, id: string): Promise<{ forgotten: boolean }> {
  requireRole(ctx, 'admin')
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const { state } = await readImport(ctx, id, waitlistId)
    if (state === 'running') await finishImport(ctx, id, 'cancelled')
    const forgotten = state === 'uploaded' || state === 'uploading'
    if (forgotten) {
      await ctx.sql
        .deleteFrom('imports')
        .where('organisation_id', '=', ctx.organisation.id)
        .where('id', '=', id)
        .execute()
    }
    return { forgotten }
  })
}

/** The context of whoever began the import, or had it go on, as they did: who they are was settled then. */
export function asStarter<C extends Context>(
  ctx: C,
  { id, name, request_id, ip, user_agent }: Import['started_by'],
): C {
  const actor: Context['actor'] =
    id === null ? { type: 'system', id, name } : { type: 'user', id, name, role: 'member' }
  return { ...ctx, actor, requestId: request_id, ip, userAgent: user_agent }
}
