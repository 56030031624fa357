import { sql } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { parseEmailAddress } from './email-address.ts'
import { fewSubscribers, queryTooShort } from './search-bounds.ts'
import type { SubscriberJson, SubscriberRow } from './subscriber.ts'
import { listSubscriberRows } from './subscriber-rows.ts'
import { type SortKey, type SubscriberSort, sortOrders, walkSubscribers } from './subscriber-sorts.ts'

export interface SubscribersAsked {
  page: number
  limit: number
  /** Keeps those whose email contains it, in any case, and the one whose complete email it is; '' keeps everybody. */
  needle: string
  sort?: SubscriberSort
  /** Where a page begins (or, `before`, ends) whose number alone does not tell. */
  after?: SortKey | undefined
  before?: SortKey | undefined
}

export interface SubscribersFound {
  items: SubscriberRow[]
  total: number
  /** True where so many were found that counting them would keep people waiting. */
  isEstimate: boolean
  /** True where only the subscriber with this complete email was looked for: too many others contain it, or may do so. */
  isExact?: boolean
  /** Undefined where page numbers lead everywhere. */
  seek?: { before: SortKey | undefined; after: SortKey | undefined }
}

/**
 * A page of a waitlist for people; an archived waitlist shows too. It costs the same wherever it lies and however many there
 * are: pages are found by counts or by where the last one ended, never by passing over what comes before.
 * @throws AppError `not_found`; of a search, `rate_limited` and, for text that is too short for a long waitlist,
 * `validation_failed`.
 */
export async function listSubscribers(
  ctx: Context,
  waitlistId: string,
  asked: SubscribersAsked,
): Promise<SubscribersFound> {
  const list = () => listInSnapshot(ctx, waitlistId, asked)
  if (asked.needle === '') return list()
  return ctx.searches.run({ key: ctx.organisation.id, isPreferred: true, isUrgent: true, signal: ctx.signal }, list)
}

function listInSnapshot(ctx: Context, waitlistId: string, asked: SubscribersAsked): Promise<SubscribersFound> {
  return inSnapshot(ctx, async (ctx) => {
    const waitlist = await getWaitlist(ctx, waitlistId)
    const total = waitlist.subscriber_count
    const needle = asked.needle.toLowerCase()
    const order = sortOrders[asked.sort ?? 'joined']
    if (needle) {
      const address = parseEmailAddress(asked.needle)?.canonical
      const estimate = total > fewSubscribers ? await estimateFound(ctx, waitlistId, needle) : 0
      if (estimate !== undefined && estimate <= fewSubscribers)
        return findFew(ctx, waitlistId, asked, { needle, address })
      if (address === undefined && estimate === undefined) throw queryTooShort()
      const exact = address && (await findFew(ctx, waitlistId, asked, { needle: null, address }))
      if (exact && (exact.total > 0 || estimate === undefined)) return { ...exact, isExact: true }
      return walk(ctx, waitlistId, asked, needle, estimate ?? 0)
    }
    if (order.by === 'referrals') return walk(ctx, waitlistId, asked, '', total)
    const span = spanOf(asked, order.backward, total)
    const items =
      order.by === 'joined'
        ? await listInOrderOfJoining(ctx, waitlistId, waitlist.referrals_enabled, span)
        : await listInLine(ctx, waitlistId, span)
    return { items: order.backward ? items.reverse() : items, total, isEstimate: false }
  })
}

/** Which rows a page is, counted from the first in ascending order. */
function spanOf({ page, limit }: SubscribersAsked, backward: boolean, total: number) {
  if (!backward) return { offset: (page - 1) * limit, limit }
  const end = Math.max(0, total - (page - 1) * limit)
  const offset = Math.max(0, end - limit)
  return { offset, limit: end - offset }
}

type Span = ReturnType<typeof spanOf>

async function listInOrderOfJoining(
  ctx: TransactionContext,
  waitlistId: string,
  referrals: boolean,
  { offset, limit }: Span,
): Promise<SubscriberRow[]> {
  const { rows } = await sql<{ items: string }>`
    select items from list_subscribers_json(${ctx.organisation.id}, ${waitlistId}, ${referrals}, ${offset}::bigint,
      ${limit}::integer, '')`.execute(ctx.sql)
  const items = JSON.parse(rows[0]?.items ?? '[]') as SubscriberJson[]
  return items.map((item) => ({ ...item, state: item.position === null ? 'pending' : 'active' }))
}

async function listInLine(ctx: TransactionContext, waitlistId: string, { offset, limit }: Span) {
  const { rows } = await sql<SortKey>`
    select w.join_number, w.sort_key from walk_from_position(${ctx.organisation.id}, ${waitlistId}, ${offset}::bigint) start,
      walk_subscribers(${waitlistId}, 'position', false, start.sort_key, start.join_number, ${limit}::integer, '') w`.execute(
    ctx.sql,
  )
  const joinNumbers = rows.map((row) => row.join_number)
  return listSubscriberRows(ctx, waitlistId, joinNumbers, { firstPosition: offset + 1 })
}

async function findFew(
  ctx: TransactionContext,
  waitlistId: string,
  { page, limit, sort = 'joined' }: SubscribersAsked,
  { needle, address }: { needle: string | null; address: string | undefined },
): Promise<SubscribersFound> {
  const { by, backward } = sortOrders[sort]
  const { rows } = await sql<{ total: number; join_numbers: number[] }>`
    select total, join_numbers from find_subscribers(${waitlistId}, ${needle}, ${address ?? null}, ${by}, ${backward},
      ${(page - 1) * limit}::bigint, ${limit}::integer)`.execute(ctx.sql)
  const [found = { total: 0, join_numbers: [] }] = rows
  return {
    items: await listSubscriberRows(ctx, waitlistId, found.join_numbers.map(Number)),
    total: found.total,
    isEstimate: false,
  }
}

/** A page found by where the one beside it ended. */
async function walk(
  ctx: TransactionContext,
  waitlistId: string,
  asked: SubscribersAsked,
  needle: string,
  total: number,
): Promise<SubscribersFound> {
  const { sort = 'joined', limit, after, before } = asked
  const { by, backward } = sortOrders[sort]
  const toStart = before !== undefined
  // One more than the page tells whether the walk goes on.
  const rows = await walkSubscribers(ctx, waitlistId, {
    ...{ by, backward: backward !== toStart, from: before ?? after, limit: limit + 1, needle },
  })
  const goesOn = rows.length > limit
  const page = toStart ? rows.slice(0, limit).reverse() : rows.slice(0, limit)
  const items = await listSubscriberRows(
    ctx,
    waitlistId,
    page.map((row) => row.join_number),
  )
  const hasEarlier = toStart ? goesOn : after !== undefined
  const hasLater = toStart || goesOn
  return {
    items,
    total,
    isEstimate: needle !== '',
    seek: { before: hasEarlier ? page[0] : undefined, after: hasLater ? page.at(-1) : undefined },
  }
}

/** Undefined for text that the index cannot find. */
async function estimateFound(ctx: TransactionContext, waitlistId: string, needle: string): Promise<number | undefined> {
  const { rows } = await sql<{ estimate: number | null }>`
    select case when is_searchable(${needle}) then estimate_subscribers_found(${waitlistId}, ${needle}) end as estimate`.execute(
    ctx.sql,
  )
  return rows[0]?.estimate ?? undefined
}
