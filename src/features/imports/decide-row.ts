import { unguardCell } from '../../platform/csv/csv-line.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import type { JoinRow } from '../subscribers/add-subscriber.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import type { ImportReading, RowOutcome } from './import.ts'
import { parseImportedTime } from './imported-time.ts'

/** `fileCode`: theirs in the file, where its rows name each other by such codes. */
export type ImportedPerson = JoinRow & { fileCode?: string }

/** As for what the API is sent: clocks differ. */
const toleranceMs = 5 * 60_000

/** A row as somebody who would join, or why not. */
export function decideRow(
  record: CsvRecord,
  reading: Omit<ImportReading, 'encoding' | 'delimiter'>,
  now: Date,
): ImportedPerson | RowOutcome {
  if (record.broken) return 'b'
  const cell = (column: number | null) => (column === null ? '' : unguardCell(record.cells[column] ?? '').trim())
  const typed = cell(reading.email)
  if (typed === '') return 'e'
  const email = parseEmailAddress(typed)
  if (!email) return 'm'
  if (cell(reading.state).toLowerCase() === 'pending') return 'p'
  const time = cell(reading.joined_at)
  const joinedAt = time === '' ? null : parseImportedTime(time)
  if (joinedAt === undefined) return 'j'
  if (joinedAt && joinedAt.getTime() > now.getTime() + toleranceMs) return 'f'
  const code = cell(reading.referred_by)
  const own = { email, joinedAt: joinedAt && joinedAt > now ? now : joinedAt }
  if (reading.referral_code !== null && reading.referral_code !== undefined)
    return { ...own, referralCode: toFileCode(code), fileCode: toFileCode(cell(reading.referral_code)) }
  return {
    ...own,
    // Only what can be a code goes to the database; any other is unknown, and so ignored.
    referralCode: /^[0-9A-Za-z]{6}$/.test(code) ? code : null,
  }
}

/** Codes are the same in capitals and small letters; what is longer than any is none. */
function toFileCode(cell: string): string {
  return cell.length > 64 || cell.includes('\0') ? '' : cell.toUpperCase()
}
