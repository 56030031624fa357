import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import { cleanCell } from './clean-cell.ts'
import { type DateOrder, dateOrderOf } from './imported-time.ts'

/** A file has a column or two of times; to look at each of hundreds would take long. */
export const maxOrderColumns = 10

/** Columns that hold times such as `3/4/2026`: all rows are asked which number is the day. */
export function columnsWithOrder(rows: readonly string[][]): number[] {
  const width = Math.max(0, ...rows.map((cells) => cells.length))
  const columns = Array.from({ length: width }, (_, at) => at)
  return columns.filter((at) => rows.some((cells) => hasOrder(cells[at]))).slice(0, maxOrderColumns)
}

/** Whether the times of a column may need an order: some do, or there is none among the first rows. */
export function mayNeedOrder(rows: readonly string[][], column: number): boolean {
  return rows.some((cells) => hasOrder(cells[column])) || rows.every((cells) => cleanCell(cells[column]) === '')
}

/** Whether a cell is a time that is read by an order of day and month. */
export function hasOrder(cell: string | undefined): boolean {
  return dateOrderOf(cleanCell(cell)) !== undefined
}

function likelyOrder(cell: string | undefined): DateOrder | undefined {
  const [, one, two] = /(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}/.exec(cell ?? '') ?? []
  return Number(one) > 12 ? 'day' : Number(two) > 12 ? 'month' : undefined
}

/** The order of each column as a whole: one value that tells decides it; none, or two that contradict, leave it open. */
export async function findDateOrders(
  records: AsyncIterable<CsvRecord>,
  columns: readonly number[],
): Promise<Record<number, DateOrder | null>> {
  const found = new Map<number, Set<DateOrder>>(columns.map((column) => [column, new Set()]))
  for await (const { cells } of records) {
    for (const [column, orders] of found) {
      const likely = likelyOrder(cells[column])
      // Most rows tell nothing new, and reading a time takes long for millions of them.
      if (likely && !orders.has(likely) && dateOrderOf(cleanCell(cells[column])) === likely) orders.add(likely)
    }
  }
  const decided = [...found].map(([column, orders]) => [column, orders.size === 1 ? [...orders][0] : null] as const)
  return Object.fromEntries(decided) as Record<number, DateOrder | null>
}
