import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { Waitlist } from './waitlist.ts'

/** The organisation's waitlists, newest first; archived ones last. */
export async function listWaitlists(ctx: Context): Promise<Waitlist[]> {
  return inSnapshot(ctx, async (ctx) =>
    waitlistQuery(ctx)
      .orderBy('w.archived_at', (order) => order.desc().nullsFirst())
      .orderBy('w.created_at', 'desc')
      .orderBy('w.id')
      .execute(),
  )
}

/** One of the organisation's waitlists, archived or not. @throws AppError `not_found`, for another organisation's too. */
export async function getWaitlist(ctx: Context, id: string): Promise<Waitlist> {
  return inSnapshot(ctx, async (ctx) => {
    const waitlist = await waitlistQuery(ctx).where('w.id', '=', id).executeTakeFirst()
    if (!waitlist) throw new AppError('not_found', 'There is no such waitlist.')
    return waitlist
  })
}

function waitlistQuery(ctx: TransactionContext) {
  return ctx.sql
    .selectFrom('waitlists as w')
    .innerJoin('waitlist_counters as c', (join) =>
      join.onRef('c.organisation_id', '=', 'w.organisation_id').onRef('c.waitlist_id', '=', 'w.id'),
    )
    .select([
      'w.id',
      'w.name',
      'w.description',
      'w.referrals_enabled',
      'w.skip_amount',
      'w.created_at',
      'w.archived_at',
      'w.version',
      'c.listed as subscriber_count',
    ])
    .where('w.organisation_id', '=', ctx.organisation.id)
}
