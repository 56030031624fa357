import { type CsvEncoding, CsvReader, type CsvRecord } from '../../platform/csv/csv-reader.ts'
import { findHead, findNamedDelimiter, isEmail } from './find-header.ts'
import { guessColumns } from './guess-columns.ts'
import type { ImportReading } from './import.ts'

export const delimiters = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'vertical bar' } as const

const sampleRows = 100

/** A delimiter by its name. */
export function findDelimiter(name: string | undefined): string | undefined {
  return Object.entries(delimiters).find(([, label]) => label === name)?.[0]
}

/** What somebody chose instead of having it guessed, and whether the beginning is all there is. */
export interface GuessOptions {
  delimiter?: string | undefined
  lead_rows?: number | undefined
  isWhole?: boolean
}

/** How a file most likely is to be read, from how it begins. A person looks at it before anything happens. */
export function guessReading(beginning: Buffer, encoding: CsvEncoding, chosen: GuessOptions = {}): ImportReading {
  const read = (delimiter: string) => sampleOf(beginning, { delimiter, encoding }, chosen.isWhole ?? true)
  const named = chosen.delimiter ?? findNamedDelimiter(beginning)
  const delimiter = named ?? mostRegular(read)
  const sample = read(delimiter)
  const { lead_rows, has_header } = findHead(sample, chosen.lead_rows)
  const header = has_header ? (sample[lead_rows]?.cells ?? []) : []
  const rows = sample.slice(lead_rows + (has_header ? 1 : 0)).map(({ cells }) => cells)
  const columns = guessColumns(header, rows)
  return { delimiter, encoding, has_header, ...(lead_rows > 0 ? { lead_rows } : {}), ...columns }
}

/** The first rows below the names of the columns. */
export function sampleRowsOf(beginning: Buffer, reading: ImportReading, isWhole = true): string[][] {
  const from = (reading.lead_rows ?? 0) + (reading.has_header ? 1 : 0)
  return sampleOf(beginning, reading, isWhole)
    .slice(from)
    .map(({ cells }) => cells)
}

/** The names of the columns, where there are some. */
export function headerOf(beginning: Buffer, reading: ImportReading, isWhole = true): string[] {
  if (!reading.has_header) return []
  return sampleOf(beginning, reading, isWhole)[reading.lead_rows ?? 0]?.cells ?? []
}

function sampleOf(beginning: Buffer, how: { delimiter: string; encoding: CsvEncoding }, isWhole: boolean): CsvRecord[] {
  const reader = new CsvReader(how)
  const sample: CsvRecord[] = []
  for (const record of reader.push(beginning)) {
    sample.push(record)
    if (sample.length === sampleRows) return sample
  }
  // What is cut off is no row, unless there is no other.
  return isWhole || sample.length === 0 ? [...sample, ...reader.end()].slice(0, sampleRows) : sample
}

function mostRegular(read: (delimiter: string) => CsvRecord[]): string {
  const looks = Object.keys(delimiters).map((delimiter) => ({ delimiter, weight: regularity(read(delimiter)) }))
  return looks.toSorted((a, b) => b.weight - a.weight)[0]?.delimiter ?? ','
}

/** How much the rows look like a table: most of the same number of cells, more than one, with an address among them. */
function regularity(sample: CsvRecord[]): number {
  const widths = new Map<number, number>()
  for (const { broken, cells } of sample) {
    if (!broken && cells.length > 1) widths.set(cells.length, (widths.get(cells.length) ?? 0) + 1)
  }
  const [width, count] = [...widths].toSorted(([, a], [, b]) => b - a)[0] ?? [0, 0]
  const hasEmail = sample.some(({ cells }) => cells.some(isEmail))
  return (hasEmail ? 1 : 0) + count / Math.max(1, sample.length) + width / 10_000
}
