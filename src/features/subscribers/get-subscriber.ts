import { sql } from 'kysely'
import { type Context, inSnapshot, requireRole, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { parseSubscriberId } from './subscriber-id.ts'

/** Somebody else on the same waitlist. */
export interface OtherSubscriber {
  id: string
  email: string
  state: 'pending' | 'active'
  join_number: number
  added_at: Date
}

export interface ReferredSubscriber extends OtherSubscriber {
  /** How many places ahead they have moved whoever they joined through; 0 while they are pending. */
  places: number
}

export interface SubscriberDetails extends OtherSubscriber {
  /** Null until they have confirmed. */
  position: number | null
  joined_at: Date
  referral_code: string
  /** Opens their own page. */
  status_token: string
  referral_count: number
  /** How many places ahead their referrals have brought them. */
  priority_score: number
  /** `removed` for somebody who is not there any more. */
  referrer: OtherSubscriber | 'removed' | null
  /** Who joined through them, last ones first. */
  referred: ReferredSubscriber[]
  /** Pass as `before` for those who joined through them earlier. */
  earlier: number | undefined
}

/** How many of those who joined through somebody are on one page. */
export const referredRows = 25

/** A person on a waitlist, with who brought them and whom they brought. @throws AppError `not_found`. */
export async function getSubscriber(
  ctx: Context,
  waitlistId: string,
  id: string,
  { before }: { before?: number | undefined } = {},
): Promise<SubscriberDetails> {
  requireRole(ctx, 'member')
  return inSnapshot(ctx, async (ctx) => {
    const { skip_amount } = await getWaitlist(ctx, waitlistId)
    const person = await people(ctx, waitlistId)
      .select([
        's.joined_at',
        's.referral_code',
        's.referral_count',
        's.priority_score',
        's.referred_by',
        sql<number | null>`case when s.state = 'active' then
          place_in_line(s.organisation_id, s.waitlist_id, s.join_number, s.priority_score) end`.as('position'),
        sql<string>`(select status_token(w.id, w.referral_key, s.join_number) from waitlists w
          where w.organisation_id = s.organisation_id and w.id = s.waitlist_id)`.as('status_token'),
      ])
      .where('s.id', '=', parseSubscriberId(id))
      .executeTakeFirst()
    if (!person) throw new AppError('not_found', 'There is no such person on this waitlist.')
    const { referred_by, ...details } = person
    const referrer =
      referred_by === null
        ? null
        : await people(ctx, waitlistId).where('s.join_number', '=', referred_by).executeTakeFirst()
    let query = people(ctx, waitlistId)
      .select(
        sql<number>`case when s.state = 'active' then coalesce((
          select c.places from confirmed_referrals c where c.organisation_id = s.organisation_id
            and c.waitlist_id = s.waitlist_id and c.join_number = s.join_number
        ), (
          select e.places from earlier_skip_amounts e where e.organisation_id = s.organisation_id
            and e.waitlist_id = s.waitlist_id and e.last_join_number >= s.join_number order by e.last_join_number limit 1
        ), ${skip_amount}::integer) else 0 end`.as('places'),
      )
      .where('s.referred_by', '=', person.join_number)
      .orderBy('s.join_number', 'desc')
      .limit(referredRows + 1)
    if (before !== undefined) query = query.where('s.join_number', '<', before)
    const referred = (await query.execute()).map((row) => ({ ...toOther(row), places: row.places }))
    const page = referred.slice(0, referredRows)
    return {
      ...details,
      ...toOther(person),
      referrer: referrer === null ? null : referrer === undefined ? 'removed' : toOther(referrer),
      referred: page,
      earlier: referred.length > referredRows ? page.at(-1)?.join_number : undefined,
    }
  })
}

function people(ctx: TransactionContext, waitlistId: string) {
  return ctx.sql
    .selectFrom('subscribers as s')
    .select(['s.id', 's.email', 's.state', 's.join_number', 's.added_at'])
    .where('s.organisation_id', '=', ctx.organisation.id)
    .where('s.waitlist_id', '=', waitlistId)
}

function toOther(row: Pick<OtherSubscriber, 'email' | 'join_number' | 'added_at'> & { id: number; state: string }) {
  const { email, join_number, added_at } = row
  return { id: String(row.id), email, join_number, added_at, state: row.state as OtherSubscriber['state'] }
}
