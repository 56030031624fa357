import { type SqlBool, sql } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import { countUpTo } from '../../platform/db/count-up-to.ts'
import { readSeekPage, type SeekAsked, type SeekPage } from '../../platform/db/seek.ts'
import { AppError } from '../../platform/errors.ts'
import type { Waitlist } from './waitlist.ts'

export interface WaitlistsAsked extends SeekAsked {
  /** Those that are archived, the latest first, instead of the others, the newest first. */
  archived: boolean
  /** Keeps those whose name contains it, in any case; '' keeps all. */
  needle: string
}

export interface WaitlistPage extends SeekPage<Waitlist> {
  /** How many there are of each kind, whatever is searched for. */
  open: number
  archived: number
}

/** A page of the organisation's waitlists. It reads about a page of rows, unless it looks for a name that few have. */
export async function listWaitlists(ctx: Context, asked: WaitlistsAsked): Promise<WaitlistPage> {
  const { archived, needle } = asked
  const time = archived ? 'archived_at' : 'created_at'
  return inSnapshot(ctx, async (ctx) => {
    const page = await readSeekPage(
      {
        by: [sql.ref(`w.${time}`), sql.ref('w.id')],
        descending: true,
        at: (id) =>
          sql`select ${sql.ref(time)}, id from waitlists where organisation_id = ${ctx.organisation.id} and id = ${id}`,
      },
      asked,
      ({ condition, order, limit }) => {
        const query = waitlistQuery(ctx)
          .where('w.archived_at', archived ? 'is not' : 'is', null)
          .where(condition)
          .orderBy(order)
          .limit(limit)
        const contains = sql<SqlBool>`lower(w.name) like like_pattern(${needle.toLowerCase()})`
        return (needle ? query.where(contains) : query).execute()
      },
      (waitlist) => waitlist.id,
    )
    const count = (which: 'is' | 'is not') =>
      countUpTo(
        sql`select from waitlists where organisation_id = ${ctx.organisation.id} and archived_at ${sql.raw(which)} null`,
      )
    const { rows } = await sql<{ open: number; archived: number }>`
      select ${count('is')} as open, ${count('is not')} as archived`.execute(ctx.sql)
    return { ...page, open: rows[0]?.open ?? 0, archived: rows[0]?.archived ?? 0 }
  })
}

/** One of the organisation's waitlists, archived or not. @throws AppError `not_found`, for another organisation's too. */
export async function getWaitlist(ctx: Context, id: string): Promise<Waitlist> {
  return inSnapshot(ctx, async (ctx) => {
    const waitlist = await waitlistQuery(ctx).where('w.id', '=', id).executeTakeFirst()
    if (!waitlist) throw new AppError('not_found', 'There is no such waitlist.')
    return waitlist
  })
}

/** The id of the newest waitlist in use; undefined where there is none. */
export async function findNewestWaitlist(ctx: Context): Promise<string | undefined> {
  return inSnapshot(ctx, async (ctx) => {
    const newest = await ctx.sql
      .selectFrom('waitlists')
      .select('id')
      .where('organisation_id', '=', ctx.organisation.id)
      .where('archived_at', 'is', null)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst()
    return newest?.id
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
      'c.last_join_number as joined_count',
      // `moved` are the active people with a boost, `unmoved` those without.
      sql<number>`c.unmoved + c.moved`.as('active_count'),
    ])
    .where('w.organisation_id', '=', ctx.organisation.id)
}
