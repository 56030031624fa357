import { sql } from 'kysely'
import { type Context, inSnapshot } from '../../platform/context.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import type { SubscriberJson } from './subscriber.ts'

export interface SubscriberRow extends SubscriberJson {
  state: 'pending' | 'active'
}

/**
 * A page of a waitlist for people, in order of joining; an archived waitlist shows too. `needle` keeps those whose e-mail
 * address contains it, in any case. A page costs the same wherever it lies.
 * @throws AppError `not_found`.
 */
export async function listSubscribers(
  ctx: Context,
  waitlistId: string,
  { page, limit, needle }: { page: number; limit: number; needle: string },
): Promise<{ items: SubscriberRow[]; total: number }> {
  return inSnapshot(ctx, async (ctx) => {
    const waitlist = await getWaitlist(ctx, waitlistId)
    const { rows } = await sql<{ items: string; total: number }>`
      select items, total from list_subscribers_json(${ctx.organisation.id}, ${waitlistId}, ${waitlist.referrals_enabled},
        ${(page - 1) * limit}::bigint, ${limit}::integer, ${needle.toLowerCase()})`.execute(ctx.sql)
    const [row] = rows
    if (!row) throw new Error('list_subscribers_json answered no row')
    const items = JSON.parse(row.items) as SubscriberJson[]
    return {
      total: row.total,
      items: items.map((item) => ({ ...item, state: item.position === null ? 'pending' : 'active' })),
    }
  })
}
