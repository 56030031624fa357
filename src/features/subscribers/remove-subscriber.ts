import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { forgetInFiles } from '../imports/forget-in-files.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { findRemoval } from './find-removal.ts'
import { rememberRemoved } from './removed-subscribers.ts'
import { parseSubscriberId } from './subscriber-id.ts'

/**
 * Takes a person off a waitlist for good: everybody behind them moves up, their address is forgotten, stored answers
 * included, and an import of it brings them back no more. What they earned others stays earned, and is not earned a second time
 * when they join again. Removing them again changes nothing. @throws AppError `not_found`, `forbidden`.
 */
export async function removeSubscriber(ctx: Context, waitlistId: string, id: string): Promise<void> {
  requireRole(ctx, 'admin')
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const waitlist = await getWaitlist(ctx, waitlistId)
    const subscriberId = parseSubscriberId(id)
    const { id: organisationId } = ctx.organisation
    const person = await ctx.sql
      .deleteFrom('subscribers')
      .where('organisation_id', '=', organisationId)
      .where('waitlist_id', '=', waitlistId)
      .where('id', '=', subscriberId)
      .returning(['id', 'canonical_email', 'state', 'referral_count', 'referred_by'])
      .executeTakeFirst()
    if (!person) {
      if (await findRemoval(ctx, waitlistId, subscriberId)) return
      throw new AppError('not_found', 'There is no such person on this waitlist.')
    }
    await ctx.sql
      .deleteFrom('idempotency_answers')
      .where('organisation_id', '=', organisationId)
      .where('subscriber_id', '=', person.id)
      .execute()
    await rememberRemoved(ctx, waitlistId, person)
    await forgetInFiles(ctx, waitlistId, person.canonical_email)
    await recordActivity(ctx, {
      action: 'subscriber.removed',
      targets: [
        { type: 'subscriber', id },
        { type: 'waitlist', id: waitlistId, name: waitlist.name },
      ],
      changes: { before: { state: person.state, referral_count: person.referral_count } },
    })
  })
}
