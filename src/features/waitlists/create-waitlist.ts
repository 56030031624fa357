import { z } from 'zod'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { newId } from '../../platform/ids.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { requireRoomForWaitlist } from './require-room-for-waitlist.ts'
import { waitlistNameSchema } from './waitlist-name.ts'

const createWaitlistInput = z.strictObject({ name: waitlistNameSchema })

/** Makes a waitlist. @throws AppError `validation_failed`, `forbidden`, or `limit_reached` where the plan allows no more. */
export async function createWaitlist(ctx: Context, input: unknown): Promise<{ id: string; name: string }> {
  requireRole(ctx, 'admin')
  const { name } = parseInput(createWaitlistInput, input)
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    await requireRoomForWaitlist(ctx)
    const waitlist = { id: newId('waitlist'), name }
    await ctx.sql
      .insertInto('waitlists')
      .values({ ...waitlist, organisation_id: ctx.organisation.id, archived_at: null })
      .execute()
    await recordActivity(ctx, {
      action: 'waitlist.created',
      targets: [{ type: 'waitlist', ...waitlist }],
      changes: { after: { name } },
    })
    return waitlist
  })
}
