import { sql } from 'kysely'
import { type Context, inLaterSnapshot, inTransaction, requireRole } from '../../platform/context.ts'
import { guardCell, toCsvLine } from '../../platform/csv/csv-line.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import type { Waitlist } from '../waitlists/waitlist.ts'
import { parseEmailAddress } from './email-address.ts'
import { listSubscribers } from './list-subscribers.ts'
import { statusLink } from './read-status.ts'
import type { SubscriberJson } from './subscriber.ts'

const pageRows = 1_000

interface ExportedRow {
  item: SubscriberJson
  join_number: number
  status_token: string
  referrer: string | null
  found: boolean
}

/**
 * Everybody of a waitlist as CSV (RFC 4180), in order of joining, or those whom a search for `needle` finds. It comes
 * in pieces of a thousand rows, so that a million need no more memory. One activity, written before the first piece: who
 * breaks off has had what came until then; whoever loses their role meanwhile gets no further piece.
 * @throws AppError `not_found`, `forbidden`.
 */
export async function exportSubscribers(
  ctx: Context,
  waitlistId: string,
  { needle = '' }: { needle?: string } = {},
): Promise<{ waitlist: Waitlist; csv: AsyncGenerator<string> }> {
  requireRole(ctx, 'admin')
  const address = parseEmailAddress(needle)?.canonical ?? null
  const { total, isEstimate, isExact = false } = await listSubscribers(ctx, waitlistId, { page: 1, limit: 1, needle })
  const waitlist = await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const waitlist = await getWaitlist(ctx, waitlistId)
    await recordActivity(ctx, {
      action: 'subscriber.exported',
      targets: [{ type: 'waitlist', id: waitlistId, name: waitlist.name }],
      // Not what was searched for: that may be somebody's address.
      changes: {
        after: { [isEstimate ? 'exported_about' : 'exported']: total, ...(needle ? { searched: true } : {}) },
      },
    })
    return waitlist
  })
  return { waitlist, csv: toCsv(ctx, waitlist, { needle: isExact ? null : needle.toLowerCase(), address }) }
}

const columns = [
  'id',
  'email',
  'joined_at',
  'state',
  'position',
  'referral_code',
  'referral_count',
  'referred_by',
  'status_link',
]

/** As `find_subscribers` has it: a null needle keeps only the subscriber with the address. */
interface Searched {
  needle: string | null
  address: string | null
}

async function* toCsv(ctx: Context, waitlist: Waitlist, searched: Searched): AsyncGenerator<string> {
  yield toCsvLine(columns)
  for (let last = 0; ; ) {
    ctx.stopping?.throwIfAborted()
    const rows = await readPage(ctx, waitlist, searched, last)
    const text = rows
      .filter((row) => row.found)
      .map((row) => toLine(ctx, waitlist, row))
      .join('')
    // Also where nobody was found, so that others may read in between.
    yield text
    if (rows.length < pageRows) return
    last = rows.at(-1)?.join_number ?? last
  }
}

/** On from a join number, not from a row's number: nobody is left out or comes twice when somebody leaves meanwhile. */
function readPage(
  ctx: Context,
  waitlist: Waitlist,
  { needle, address }: Searched,
  last: number,
): Promise<ExportedRow[]> {
  return inLaterSnapshot(ctx, 'admin', async (ctx) => {
    // The rows of the page once more, by their numbers: by their ids the planner would rather read the whole table.
    const { rows } = await sql<ExportedRow>`
      with people as materialized (
        select id, join_number, email, canonical_email, referred_by from subscribers
        where organisation_id = ${ctx.organisation.id} and waitlist_id = ${waitlist.id} and join_number > ${last}
        order by join_number limit ${pageRows}
      )
      select i.item, p.join_number, status_token(w.id, w.referral_key, p.join_number) as status_token,
             case when w.referrals_enabled then referral_code(w.referral_key, p.referred_by) end as referrer,
             coalesce(strpos(lower(p.email), ${needle}) > 0, false)
               or coalesce(p.canonical_email = ${address}, false) as found
      from list_subscribers_json(${ctx.organisation.id}, ${waitlist.id}, ${waitlist.referrals_enabled},
             listed_before(${ctx.organisation.id}, ${waitlist.id}, ${last}::bigint + 1), ${pageRows}, '') page,
           json_array_elements(page.items::json) i(item)
        join people p on p.id = (i.item->>'id')::bigint
        join waitlists w on w.organisation_id = ${ctx.organisation.id} and w.id = ${waitlist.id}
      order by p.join_number`.execute(ctx.sql)
    return rows
  })
}

function toLine(ctx: Context, waitlist: Waitlist, { item, status_token, referrer }: ExportedRow): string {
  const cells = [
    ...[item.id, item.email, item.joined_at, item.position === null ? 'pending' : 'active', item.position ?? ''],
    ...[item.referral_code, item.referral_count, referrer ?? ''],
    waitlist.referrals_enabled ? statusLink(ctx.config.publicUrl, status_token) : '',
  ]
  return toCsvLine(cells.map((cell) => guardCell(String(cell))))
}
