import { sql } from 'kysely'
import { type ChainLink, findChainLinks } from '../activity/find-chain-links.ts'
import { sinceOf } from '../activity/since.ts'
import { planRules } from '../plans/plan-rules.ts'
import type { ExportedTable } from './exported-table.ts'

type Row = Record<string, unknown> & { number: number }

const pageRows = 1_000

const stored = [
  ...['organisation_id', 'number', 'id', 'occurred_at', 'action', 'actor_type', 'actor_id', 'actor_name', 'targets'],
  ...['changes', 'request_id', 'ip', 'user_agent'],
]

/**
 * The log as far as the plan shows it, newest first and with the hashes that chain it, as the log's own export has it: what
 * the plan hides is left out at the end, and the last row still names the hash that it goes on from.
 */
export const exportedActivities: ExportedTable = {
  columns: [...stored, 'previous_hash', 'hash'],
  async *rows(ctx) {
    const list = sql.join(stored.map((column) => sql.ref(column)))
    const shown = await sinceOf(ctx, planRules(ctx.organisation.plan).activityDays)
    const conditions = sql.join([sql`organisation_id = ${ctx.organisation.id}`, ...shown], sql` and `)
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const { rows } = await sql<Row>`select ${list} from activities where ${conditions} and number < ${before}
        order by number desc limit ${pageRows}`.execute(ctx.sql)
      const numbers = rows.map(({ number }) => number)
      const links = await findChainLinks(ctx, numbers)
      // In the links the time is to the microsecond, as it was hashed.
      if (rows.length > 0) yield rows.map((row) => ({ ...row, ...linkOf(row, links) }))
      before = numbers.at(-1) ?? before
      if (rows.length < pageRows) return
    }
  },
}

function linkOf({ number, occurred_at }: Row, links: Map<number, ChainLink>) {
  const link = links.get(number)
  return {
    occurred_at: link?.occurred_at ?? occurred_at,
    previous_hash: link?.previous_hash ?? null,
    hash: link?.hash ?? null,
  }
}
