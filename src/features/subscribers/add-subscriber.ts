import { sql } from 'kysely'
import { z } from 'zod'
import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import type { EmailAddress } from './email-address.ts'
import { emailAddressSchema } from './email-address.ts'
import { findRemoved } from './removed-subscribers.ts'
import type { SubscriberJson } from './subscriber.ts'

const addSubscriberInput = z.strictObject({ email: emailAddressSchema })

/** `removed`: an admin removed them once, and an import does not bring them back. */
export type AddOutcome = 'added' | 'confirmed' | 'already_there' | 'removed'

export interface JoinRow {
  email: EmailAddress
  joinedAt: Date | null
  /** Of whoever referred them; an unknown code is ignored. */
  referralCode?: string | null
}

/** Adds a person by hand. Somebody who is there already keeps their place. @throws AppError `validation_failed`, `not_found`, `forbidden`. */
export async function addSubscriber(
  ctx: Context,
  waitlistId: string,
  input: unknown,
): Promise<{ outcome: AddOutcome; subscriber: SubscriberJson }> {
  requireRole(ctx, 'admin')
  const { email } = parseInput(addSubscriberInput, input)
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const [joined = noRow()] = await joinOpenWaitlist(ctx, waitlistId, [{ email, joinedAt: null }], {
      logged: true,
      bringsBackRemoved: true,
    })
    return { outcome: joined.outcome, subscriber: JSON.parse(joined.item) as SubscriberJson }
  })
}

/**
 * Adds many people to an open waitlist, one outcome for each, in order; one activity for each where `logged`. Whoever was
 * removed stays away (`removed`, without an item) unless the caller `bringsBackRemoved`.
 * @throws AppError `not_found` for a waitlist that is unknown, archived or another organisation's.
 */
export async function joinOpenWaitlist(
  ctx: TransactionContext,
  waitlistId: string,
  rows: readonly JoinRow[],
  { logged, bringsBackRemoved = false }: { logged: boolean; bringsBackRemoved?: boolean },
): Promise<{ outcome: AddOutcome; item: string }[]> {
  const waitlist = await ctx.sql
    .selectFrom('waitlists')
    .select('archived_at')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', waitlistId)
    .executeTakeFirst()
  if (!waitlist) throw new AppError('not_found', 'There is no such waitlist.')
  if (waitlist.archived_at)
    throw new AppError('not_found', 'This waitlist is archived, and takes nobody until it is restored.')
  const { actor } = ctx
  const removed = bringsBackRemoved ? new Set<string>() : await findRemoved(ctx, waitlistId, rows)
  const joining = rows.filter(({ email }) => !removed.has(email.canonical))
  const { rows: joined } = await sql<{ outcome: AddOutcome; item: string }>`
    select j.outcome, j.item from join_waitlists(
      ${ctx.organisation.id}, ${joining.map(() => waitlistId)}::text[], ${joining.map((row) => row.email.email)}::text[],
      ${joining.map((row) => row.email.canonical)}::text[], ${joining.map((row) => row.referralCode ?? null)}::text[],
      ${joining.map((row) => row.joinedAt)}::timestamptz[], ${actor.type}, ${joining.map(() => actor.id)}::text[],
      ${joining.map(() => actor.name)}::text[], ${joining.map(() => ctx.requestId)}::text[], ${joining.map(() => ctx.ip)}::text[],
      ${joining.map(() => ctx.userAgent)}::text[], ${logged}) j
    order by j.ordinal`.execute(ctx.sql)
  ctx.growth.added(joined.length)
  if (removed.size === 0) return joined
  const next = joined.values()
  return rows.map(({ email }) =>
    removed.has(email.canonical) ? { outcome: 'removed', item: '' } : (next.next().value ?? noRow()),
  )
}

function noRow(): never {
  throw new Error('join_waitlists answered too few rows')
}
