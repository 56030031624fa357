import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import type { SubscriberRow } from './subscriber.ts'

interface StoredRow extends Omit<SubscriberRow, 'id' | 'joined_at'> {
  id: number
  joined_at: Date
  join_number: number
}

/** The people with these join numbers, in the order of the numbers. Places are looked up, unless the first one's is known. */
export async function listSubscriberRows(
  ctx: TransactionContext,
  waitlistId: string,
  joinNumbers: readonly number[],
  known: { firstPosition?: number } = {},
): Promise<SubscriberRow[]> {
  if (joinNumbers.length === 0) return []
  const organisationId = ctx.organisation.id
  const place =
    known.firstPosition === undefined
      ? sql`case when c.unmoved = c.last_join_number then s.join_number
                 else place_in_line(${organisationId}, ${waitlistId}, s.join_number, s.priority_score) end`
      : sql`null::bigint`
  const { rows } = await sql<StoredRow>`
    select s.id, s.join_number, s.email, s.joined_at, s.state, s.referral_count,
           case when w.referrals_enabled then s.referral_code else '' end as referral_code,
           case when s.state = 'active' then ${place} end as position
    from subscribers s
      join waitlists w on w.organisation_id = s.organisation_id and w.id = s.waitlist_id
      join waitlist_counters c on c.organisation_id = s.organisation_id and c.waitlist_id = s.waitlist_id
    where s.organisation_id = ${organisationId} and s.waitlist_id = ${waitlistId}
      and s.join_number = any (${joinNumbers}::bigint[])`.execute(ctx.sql)
  const byNumber = new Map(rows.map((row) => [row.join_number, row]))
  return joinNumbers.flatMap((joinNumber, i) => {
    const row = byNumber.get(joinNumber)
    if (!row) return []
    const { join_number, ...rest } = row
    const position =
      known.firstPosition !== undefined && row.state === 'active' ? known.firstPosition + i : row.position
    return [{ ...rest, id: String(row.id), joined_at: row.joined_at.toISOString(), position }]
  })
}
