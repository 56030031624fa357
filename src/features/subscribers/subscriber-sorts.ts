import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'

/**
 * The orders that the table can be read in. `joined` is the order in which people came here, whatever date they brought:
 * after an import of earlier people the dates that are shown need not follow it. `backward`: from the end of what the
 * database walks.
 */
export const sortOrders = {
  joined: { by: 'joined', backward: false, label: 'Order of arrival' },
  '-joined': { by: 'joined', backward: true, label: 'Latest arrivals first' },
  position: { by: 'position', backward: false, label: 'Next in line first' },
  '-position': { by: 'position', backward: true, label: 'Last in line first' },
  '-referrals': { by: 'referrals', backward: false, label: 'Most referrals first' },
} as const satisfies Record<string, { by: 'joined' | 'position' | 'referrals'; backward: boolean; label: string }>

export type SubscriberSort = keyof typeof sortOrders

export function isSubscriberSort(text: string): text is SubscriberSort {
  return Object.hasOwn(sortOrders, text)
}

/** Where somebody stands in an order. */
export interface SortKey {
  sort_key: number
  join_number: number
}

/** A place in an order as an address holds it. */
export function toSeekText({ sort_key, join_number }: SortKey): string {
  return `${sort_key}.${join_number}`
}

/** Undefined for what no place can be, numbers past 2^53 included. */
export function parseSeekText(text: string | undefined): SortKey | undefined {
  const match = /^(-?[0-9]{1,16})\.([0-9]{1,15})$/.exec(text ?? '')
  const sortKey = Number(match?.[1])
  return match && Number.isSafeInteger(sortKey) ? { sort_key: sortKey, join_number: Number(match[2]) } : undefined
}

/** The people who come after one place in an order, or from its very start; backward, those before it, nearest first. */
export async function walkSubscribers(
  ctx: TransactionContext,
  waitlistId: string,
  walk: { by: string; backward: boolean; from: SortKey | undefined; limit: number; needle: string },
): Promise<SortKey[]> {
  const { by, backward, from, limit, needle } = walk
  const { rows } = await sql<SortKey>`
    select sort_key, join_number from walk_subscribers(${waitlistId}, ${by}, ${backward}, ${from?.sort_key ?? null}::bigint,
      ${from?.join_number ?? null}::bigint, ${limit}::integer, ${needle})`.execute(ctx.sql)
  return rows
}
