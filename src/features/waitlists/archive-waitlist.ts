import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { requireRoomForWaitlist } from './require-room-for-waitlist.ts'

/** Closes a waitlist: it takes no signups and its API answers 404. Nothing is deleted. Archiving it again changes nothing. */
export async function archiveWaitlist(ctx: Context, id: string): Promise<void> {
  await setArchived(ctx, id, true)
}

/** Opens an archived waitlist again, with everybody on it. @throws AppError `limit_reached` where the plan has no room for it. */
export async function restoreWaitlist(ctx: Context, id: string): Promise<void> {
  await setArchived(ctx, id, false)
}

async function setArchived(ctx: Context, id: string, archived: boolean): Promise<void> {
  requireRole(ctx, 'admin')
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const waitlist = await ctx.sql
      .selectFrom('waitlists')
      .select(['id', 'name', 'archived_at'])
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!waitlist) throw new AppError('not_found', 'There is no such waitlist.')
    if ((waitlist.archived_at !== null) === archived) return
    if (!archived) await requireRoomForWaitlist(ctx)
    await ctx.sql
      .updateTable('waitlists')
      .set({ archived_at: archived ? ctx.now() : null })
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .execute()
    await recordActivity(ctx, {
      action: archived ? 'waitlist.archived' : 'waitlist.restored',
      targets: [{ type: 'waitlist', id, name: waitlist.name }],
      changes: { before: { archived: !archived }, after: { archived } },
    })
  })
}
