import { unguardCell } from '../../platform/csv/csv-line.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import { columnNames, toColumnKey } from './column-names.ts'

/** Titles above the names of the columns are a few lines. */
const maxLeadRows = 30
const emailNames: readonly string[] = columnNames.email

export interface Head {
  /** Rows above the names of the columns, or above the first row where there are none. */
  lead_rows: number
  has_header: boolean
}

/** Where the names of the columns are: below a line such as `sep=;`, and below titles. */
export function findHead(sample: readonly CsvRecord[], chosenLead?: number): Head {
  const isNone = (row: CsvRecord | undefined) => row === undefined || row.cells.some(isEmail)
  if (chosenLead !== undefined) return { lead_rows: chosenLead, has_header: !isNone(sample[chosenLead]) }
  const start = isSeparatorLine(sample[0]) ? 1 : 0
  const named = sample.findIndex(
    (row, at) => at >= start && at < maxLeadRows && namesEmail(row) && areTitles(sample.slice(start, at), row),
  )
  if (named >= 0) return { lead_rows: named, has_header: true }
  const first = sample.findIndex((row, at) => at >= start && row.cells.some(isEmail))
  // Without an address below them, or above names that say nothing: the first row that is as full as the rows below.
  const header = sample.findIndex((row, at) => at >= start && at < first && filled(row) > filled(sample[first]) / 2)
  const lead_rows = first <= start || first > maxLeadRows || header < 0 ? start : header
  return { lead_rows, has_header: !isNone(sample[lead_rows]) }
}

/** The delimiter that a first line such as `sep=;` names, as spreadsheets write and read it. */
export function findNamedDelimiter(beginning: Buffer): string | undefined {
  return /^"?sep=([,;\t|])"?(?=[\r\n])/i.exec(beginning.subarray(0, 16).toString('latin1'))?.[1]
}

export function isEmail(cell: string): boolean {
  return cell.includes('@') && parseEmailAddress(unguardCell(cell)) !== undefined
}

function isSeparatorLine(row: CsvRecord | undefined): boolean {
  return row !== undefined && row.cells.length <= 2 && /^"?sep=[,;\t|]?"?$/i.test(row.cells.join(''))
}

function namesEmail(row: CsvRecord): boolean {
  return !row.cells.some(isEmail) && row.cells.some((cell) => emailNames.includes(toColumnKey(cell)))
}

/** A title fills one cell or two of a table that has more. */
function areTitles(rows: readonly CsvRecord[], header: CsvRecord): boolean {
  return rows.every((row) => filled(row) <= 1 || filled(row) <= filled(header) / 2)
}

function filled(row: CsvRecord | undefined): number {
  return row?.cells.filter((cell) => cell.trim() !== '').length ?? 0
}
