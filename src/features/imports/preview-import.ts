import { type Context, inSnapshot } from '../../platform/context.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import type { JoinRow } from '../subscribers/add-subscriber.ts'
import { findRemoved } from '../subscribers/removed-subscribers.ts'
import { hasOrder } from './date-order.ts'
import { decideRow, reasonOf } from './decide-row.ts'
import {
  countOutcomes,
  type Import,
  type ImportCounts,
  type ImportReading,
  type RowOutcome,
  rowOutcomes,
} from './import.ts'
import { readHeader, readRows } from './import-file.ts'
import { type StatusWord, statusWordsOf } from './subscriber-status.ts'

const lookedAt = 1_000
const shown = 8

export interface ImportPreview {
  /** Names of the columns, where the file has some. */
  header: string[]
  /** How many columns there are to choose from. */
  width: number
  /** The first rows. */
  rows: { cells: string[]; outcome: RowOutcome; reason: string }[]
  /** Over the rows that were looked at. */
  counts: ImportCounts
  /** Why, and how many of each reason. */
  refusals: Map<string, number>
  /** Words that do not mean active, let in or not, and how many rows say so. */
  words: (StatusWord & { count: number })[]
  /** Whether there are times such as `3/4/2026`. */
  hasOrder: boolean
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
  const reasons = outcomes.map((outcome, i) => reasonOf(outcome, looked[i] ?? { cells: [] }, reading))
  const refusals = new Map<string, number>()
  for (const [i, outcome] of outcomes.entries()) {
    if (rowOutcomes[outcome].result === 'refused')
      refusals.set(reasons[i] ?? '', (refusals.get(reasons[i] ?? '') ?? 0) + 1)
  }
  return {
    header,
    width: Math.max(header.length, ...looked.map(({ cells }) => cells.length)),
    rows: looked
      .slice(0, shown)
      .map(({ cells }, i) => ({ cells, outcome: outcomes[i] ?? 'b', reason: reasons[i] ?? '' })),
    counts: countOutcomes(outcomes),
    refusals,
    words: countWords(looked, reading),
    hasOrder: reading.joined_at !== null && looked.some(({ cells }) => hasOrder(cells[reading.joined_at ?? 0])),
    lookedAt: looked.length,
    isWhole,
  }
}

/** The most frequent first. */
function countWords(records: readonly CsvRecord[], reading: ImportReading): ImportPreview['words'] {
  const words = new Map<string, StatusWord & { count: number }>()
  for (const { cells, broken } of records) {
    for (const word of broken ? [] : statusWordsOf(cells, reading))
      words.set(word.key, { ...word, count: (words.get(word.key)?.count ?? 0) + 1 })
  }
  return [...words.values()].toSorted((a, b) => b.count - a.count)
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
