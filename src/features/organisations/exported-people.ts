import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import { readByCursor } from '../../platform/db/read-by-cursor.ts'
import { statusLink } from '../subscribers/read-status.ts'
import type { SubscriberJson } from '../subscribers/subscriber.ts'
import type { ExportedTable } from './exported-table.ts'

type Row = Record<string, unknown>

interface ExportedWaitlist {
  id: string
  referrals_enabled: boolean
}

const pageRows = 1_000

/** Everybody, list by list in order of joining. With the status links, as a list's own export has them: they tell nothing
 * that does not stand beside them, and whoever moves elsewhere can lead them on. */
export const exportedPeople: ExportedTable = {
  columns: [
    ...['waitlist_id', 'id', 'email', 'state', 'position', 'join_number', 'priority_score', 'joined_at', 'added_at'],
    ...['referral_code', 'referral_count', 'referred_by_id', 'status_link'],
  ],
  async *rows(ctx) {
    const waitlists = sql<ExportedWaitlist>`
      select w.id, w.referrals_enabled from waitlists w
        join waitlist_counters c on c.organisation_id = w.organisation_id and c.waitlist_id = w.id
      where w.organisation_id = ${ctx.organisation.id} and c.listed > 0 order by w.created_at, w.id`
    for await (const waitlist of flat(readByCursor(ctx.sql, waitlists))) {
      for (let offset = 0, last = 0; ; offset += pageRows) {
        const places = await readPlaces(ctx, waitlist, offset)
        const people = await readPeople(ctx, waitlist.id, last)
        const referrers = await readReferrers(ctx, waitlist.id, people)
        // In one snapshot both are the same people, in order of joining.
        const rows = people.map(({ referred_by, status_token, waitlist_id, id, email, state, ...person }, i) => ({
          ...{ waitlist_id, id, email, state },
          position: places[i] ?? null,
          ...person,
          referred_by_id: referred_by === null ? null : (referrers.get(referred_by) ?? null),
          status_link: waitlist.referrals_enabled ? statusLink(ctx.config.publicUrl, status_token) : null,
        }))
        if (rows.length > 0) yield rows
        if (rows.length < pageRows) break
        last = people.at(-1)?.join_number ?? last
      }
    }
  },
}

async function* flat<Row>(pages: AsyncIterable<Row[]>): AsyncGenerator<Row> {
  for await (const page of pages) yield* page
}

async function readPlaces(
  ctx: TransactionContext,
  waitlist: ExportedWaitlist,
  offset: number,
): Promise<(number | null)[]> {
  const { rows } = await sql<{ items: string }>`
    select items from list_subscribers_json(${ctx.organisation.id}, ${waitlist.id}, ${waitlist.referrals_enabled},
      ${offset}::bigint, ${pageRows}::integer, '')`.execute(ctx.sql)
  return (JSON.parse(rows[0]?.items ?? '[]') as SubscriberJson[]).map((item) => item.position)
}

async function readPeople(ctx: TransactionContext, waitlistId: string, last: number) {
  const { rows } = await sql<Row & { join_number: number; referred_by: number | null; status_token: string }>`
    select s.waitlist_id, s.id::text as id, s.email, s.state, s.join_number, s.priority_score, s.joined_at, s.added_at,
      s.referral_code, s.referral_count, s.referred_by, status_token(w.id, w.referral_key, s.join_number) as status_token
    from subscribers s join waitlists w on w.organisation_id = s.organisation_id and w.id = s.waitlist_id
    where s.organisation_id = ${ctx.organisation.id} and s.waitlist_id = ${waitlistId} and s.join_number > ${last}
    order by s.join_number limit ${pageRows}`.execute(ctx.sql)
  return rows
}

/** Ids by join numbers; whoever was removed is not among them. */
async function readReferrers(
  ctx: TransactionContext,
  waitlistId: string,
  people: readonly { referred_by: number | null }[],
): Promise<Map<number, string>> {
  const joinNumbers = [...new Set(people.flatMap(({ referred_by }) => referred_by ?? []))]
  if (joinNumbers.length === 0) return new Map()
  const { rows } = await sql<{ join_number: number; id: string }>`
    select join_number, id::text as id from subscribers
    where organisation_id = ${ctx.organisation.id} and waitlist_id = ${waitlistId}
      and join_number = any (${joinNumbers}::bigint[])`.execute(ctx.sql)
  return new Map(rows.map((row) => [row.join_number, row.id]))
}
