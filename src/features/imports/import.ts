import type { CsvEncoding } from '../../platform/csv/csv-reader.ts'
import type { DateOrder } from './imported-time.ts'

export type ImportState = 'uploading' | 'uploaded' | 'running' | 'done' | 'cancelled' | 'stopped'

/** Why an import ended before its file did. */
export type StopReason = 'archived' | 'forbidden' | 'failed' | 'ended' | 'disk' | 'rows'

/** How a file is read. Columns are counted from 0; null is none. */
export interface ImportReading {
  encoding: CsvEncoding
  delimiter: string
  has_header: boolean
  email: number | null
  joined_at: number | null
  referred_by: number | null
  /** The code by which rows of the file name each other in `referred_by`; without it these are codes of the waitlist. */
  referral_code: number | null
  state: number | null
  /** Rows above the names of the columns, or above the first row where there are none: titles, and `sep=;`. */
  lead_rows?: number
  /** How `3/4/2026` is read; such a time is refused while nobody knows. */
  date_order?: DateOrder | null | undefined
  /** What the column of times says of that in the whole file, for each delimiter and column that was looked at. */
  date_orders?: Record<string, Record<number, DateOrder | null>> | undefined
  /** Columns in which a value, but for “no”, says that somebody has left. */
  leaving?: { column: number; name: string }[]
  /** Keys of words that do not mean active, and were let in. */
  include_status?: string[]
}

/** How many rows of a file come before the first subscriber's. */
export function headRows({ lead_rows = 0, has_header }: Pick<ImportReading, 'lead_rows' | 'has_header'>): number {
  return lead_rows + (has_header ? 1 : 0)
}

export interface ImportCounts {
  added: number
  /** Were waiting for confirmation, and stand in line now. */
  confirmed: number
  already_there: number
  refused: number
}

/** A file of people on its way to a waitlist. */
export interface Import extends ImportCounts {
  id: string
  waitlist_id: string
  state: ImportState
  file_name: string
  started_by: ImportStarter
  reading: ImportReading | null
  bytes: number
  /** Of the file, empty ones and a header's included: how many records there are, nearly. */
  lines: number
  /** How many bytes are worked off. */
  position: number
  done_rows: number
  /** What it had come to when somebody had it go on; null while nobody has. */
  began_with: ImportCounts | null
  run: number
  stopped_reason: StopReason | null
  created_at: Date
  started_at: Date | null
  finished_at: Date | null
  file_deleted_at: Date | null
}

export interface ImportStarter {
  id: string | null
  name: string
  request_id: string | null
  ip: string | null
  user_agent: string | null
}

/** What becomes of a row: one letter each where they are stored, and the words for people. */
export const rowOutcomes = {
  a: { result: 'added', reason: '' },
  c: { result: 'confirmed', reason: 'Was waiting for confirmation, and stands in line now.' },
  t: { result: 'already there', reason: '' },
  e: { result: 'refused', reason: 'There is no e-mail address.' },
  m: { result: 'refused', reason: 'This is not an e-mail address.' },
  j: { result: 'refused', reason: 'The time of joining is not one such as 2026-05-01 or 2026-05-01T09:00:00Z.' },
  d: {
    result: 'refused',
    reason: 'The time of joining can be read as day/month and as month/day. Choose which it is.',
  },
  f: { result: 'refused', reason: 'The time of joining lies in the future.' },
  p: { result: 'refused', reason: 'Has not confirmed yet, the file says.' },
  s: { result: 'refused', reason: 'The status in the file does not mean active.' },
  u: { result: 'refused', reason: 'The email address has a character that can’t be read. Save the file as UTF-8.' },
  b: { result: 'refused', reason: 'The row is not CSV: a quotation mark is not closed, or the row is too long.' },
  r: { result: 'refused', reason: 'Was removed from this waitlist.' },
  x: { result: 'removed', reason: 'Was removed from this waitlist since.' },
} as const

export type RowOutcome = keyof typeof rowOutcomes

export function isRowOutcome(letter: string): letter is RowOutcome {
  return Object.hasOwn(rowOutcomes, letter)
}

/** What counts add up to; `x` was counted as something else before. */
export function countOutcomes(outcomes: readonly RowOutcome[]): ImportCounts {
  const counts: ImportCounts = { added: 0, confirmed: 0, already_there: 0, refused: 0 }
  for (const outcome of outcomes) {
    const { result } = rowOutcomes[outcome]
    if (result === 'added' || result === 'confirmed' || result === 'refused') counts[result] += 1
    else if (result === 'already there') counts.already_there += 1
  }
  return counts
}

/** Whether the rest of its file can still be imported: it ended before that, and the file is kept. */
export function canGoOn({
  state,
  reading,
  file_deleted_at,
}: Pick<Import, 'state' | 'reading' | 'file_deleted_at'>): boolean {
  return (state === 'cancelled' || state === 'stopped') && reading !== null && file_deleted_at === null
}

export function isOver({ state }: Pick<Import, 'state'>): boolean {
  return state === 'done' || state === 'cancelled' || state === 'stopped'
}
