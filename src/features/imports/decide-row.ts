import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import type { JoinRow } from '../subscribers/add-subscriber.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import { cleanCell, readCell } from './clean-cell.ts'
import { type ImportReading, type RowOutcome, rowOutcomes } from './import.ts'
import { dateOrderOf, parseImportedTime } from './imported-time.ts'
import { toFileCode } from './referral-codes.ts'
import { blankStatus, findInactive, isUnconfirmed } from './subscriber-status.ts'

/** `fileCode`: theirs in the file, where its rows name each other by such codes. `referrer`: who referred them, by email. */
export type ImportedPerson = JoinRow & { fileCode?: string; referrer?: string }

/** As for what the API is sent: clocks differ. */
const toleranceMs = 5 * 60_000

type RowReading = Omit<ImportReading, 'encoding' | 'delimiter'>

/** A row as somebody who would join, or why not. */
export function decideRow({ broken, cells }: CsvRecord, reading: RowReading, now: Date): ImportedPerson | RowOutcome {
  if (broken) return 'b'
  const cell = (column: number | null) => (column === null ? '' : cleanCell(cells[column]))
  const typed = reading.email === null ? '' : readCell(cells[reading.email])
  if (typed === '') return 'e'
  // What a decoder could not read, or another program before.
  if (typed.includes('\ufffd')) return 'u'
  const email = parseEmailAddress(typed)
  if (!email) return 'm'
  const inactive = findInactive(cells, reading)
  if (inactive) return isUnconfirmed(inactive) ? 'p' : 's'
  const time = cell(reading.joined_at)
  const order = reading.date_order ?? null
  const joinedAt = time === '' ? null : parseImportedTime(time, order)
  if (joinedAt === undefined) return order === null && dateOrderOf(time) ? 'd' : 'j'
  if (joinedAt && joinedAt.getTime() > now.getTime() + toleranceMs) return 'f'
  const named = cell(reading.referred_by)
  const referrer = named.includes('@') ? parseEmailAddress(named)?.canonical : undefined
  const code = referrer ? '' : toFileCode(named)
  const own = { email, joinedAt: joinedAt && joinedAt > now ? now : joinedAt, ...(referrer ? { referrer } : {}) }
  if (reading.referral_code !== null && reading.referral_code !== undefined)
    return { ...own, referralCode: code, fileCode: toFileCode(cell(reading.referral_code)) }
  return {
    ...own,
    // Only what can be a code goes to the database; any other is unknown, and so ignored.
    referralCode: /^[0-9A-Z]{6}$/.test(code) ? code : null,
  }
}

/** Why a row was refused, or what else there is to say, in the words of its file where these matter. */
export function reasonOf(outcome: RowOutcome, { cells }: Pick<CsvRecord, 'cells'>, reading: RowReading): string {
  const inactive = outcome === 's' ? findInactive(cells, reading) : undefined
  if (inactive?.key === blankStatus) return 'The status is blank.'
  if (inactive) return `The status “${inactive.word}” does not mean active.`
  return rowOutcomes[outcome].reason
}
