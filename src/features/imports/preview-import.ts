import { type Context, inSnapshot } from '../../platform/context.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import type { JoinRow } from '../subscribers/add-subscriber.ts'
import { findRemoved } from '../subscribers/removed-subscribers.ts'
import { decideRow } from './decide-row.ts'
import { countOutcomes, type Import, type ImportCounts, type ImportReading, type RowOutcome } from './import.ts'
import { readHeader, readRows } from './import-file.ts'

const lookedAt = 1_000
const shown = 8

export interface ImportPreview {
  /** Names of the columns, where the file has some. */
  header: string[]
  /** How many columns there are to choose from. */
  width: number
  /** The first rows. */
  rows: { cells: string[]; outcome: RowOutcome }[]
  /** Over the rows that were looked at. */
  counts: ImportCounts
  refusals: Map<RowOutcome, number>
  lookedAt: number
  /** Whether that was the whole file. */
  isWhole: boolean
}

/** What an import would do now, from the first thousand rows; however large the file is, no more is read. */
export async function previewImport(
  ctx: Context,
  { id, waitlist_id }: Import,
  reading: ImportReading,
): Promise<ImportPreview> {
  const header = await readHeader(ctx, id, reading)
  const records: CsvRecord[] = []
  for await (const record of readRows(ctx, { id, position: 0 }, reading)) {
    records.push(record)
    if (records.length > lookedAt) break
  }
  const isWhole = records.length <= lookedAt
  const looked = records.slice(0, lookedAt)
  const outcomes = await foresee(ctx, waitlist_id, looked, reading)
  const refusals = new Map<RowOutcome, number>()
  for (const outcome of outcomes)
    if (!['a', 'c', 't'].includes(outcome)) refusals.set(outcome, (refusals.get(outcome) ?? 0) + 1)
  return {
    header,
    width: Math.max(header.length, ...looked.map(({ cells }) => cells.length)),
    rows: looked.slice(0, shown).map(({ cells }, i) => ({ cells, outcome: outcomes[i] ?? 'b' })),
    counts: countOutcomes(outcomes),
    refusals,
    lookedAt: looked.length,
    isWhole,
  }
}

async function foresee(
  ctx: Context,
  waitlistId: string,
  records: CsvRecord[],
  reading: ImportReading,
): Promise<RowOutcome[]> {
  const decided = records.map((record) => decideRow(record, reading, ctx.now()))
  const { states, removed } = await whatIsKnown(
    ctx,
    waitlistId,
    decided.filter((row) => typeof row !== 'string'),
  )
  return decided.map((row) => {
    if (typeof row === 'string') return row
    const { canonical } = row.email
    if (removed.has(canonical)) return 'r'
    const state = states.get(canonical)
    // Of several rows with one address the first one joins.
    states.set(canonical, 'active')
    return state === undefined ? 'a' : state === 'pending' ? 'c' : 't'
  })
}

function whatIsKnown(ctx: Context, waitlistId: string, people: JoinRow[]) {
  return inSnapshot(ctx, async (ctx) => {
    const rows = await ctx.sql
      .selectFrom('subscribers')
      .select(['canonical_email', 'state'])
      .where('organisation_id', '=', ctx.organisation.id)
      .where('waitlist_id', '=', waitlistId)
      .where('canonical_email', 'in', ['', ...people.map(({ email }) => email.canonical)])
      .execute()
    return {
      states: new Map(rows.map((row) => [row.canonical_email, row.state])),
      removed: await findRemoved(ctx, waitlistId, people),
    }
  })
}
