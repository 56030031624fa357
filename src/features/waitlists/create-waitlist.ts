import { z } from 'zod'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { claimForm } from '../../platform/db/claim-form.ts'
import { formNonceSchema } from '../../platform/form-nonce.ts'
import { newId } from '../../platform/ids.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { requireRoomForWaitlist } from './require-room-for-waitlist.ts'
import { waitlistNameSchema } from './waitlist.ts'

const createWaitlistInput = z.strictObject({ name: waitlistNameSchema, form_nonce: formNonceSchema.optional() })

/** Makes a waitlist. @throws AppError `validation_failed`, `forbidden`, or `limit_reached` where the plan allows no more. */
export async function createWaitlist(ctx: Context, input: unknown): Promise<{ id: string; name: string }> {
  requireRole(ctx, 'admin')
  const { name, form_nonce } = parseInput(createWaitlistInput, input)
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const waitlist = { id: newId('waitlist'), name }
    const earlierId = await claimForm(ctx, form_nonce, waitlist.id)
    if (earlierId) return { id: earlierId, name }
    await requireRoomForWaitlist(ctx)
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
