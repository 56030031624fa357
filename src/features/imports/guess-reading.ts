import { unguardCell } from '../../platform/csv/csv-line.ts'
import { type CsvEncoding, CsvReader, type CsvRecord } from '../../platform/csv/csv-reader.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import type { ImportReading } from './import.ts'

export const delimiters = { ',': 'comma', ';': 'semicolon', '\t': 'tab', '|': 'vertical bar' } as const

const sampleRows = 100
const sampleBytes = 64 * 1024

/** Names of columns, without what is no letter. */
const names = {
  email: [
    'email',
    'mail',
    'emailaddress',
    'mailaddress',
    'subscriber',
    'correo',
    'correoelectronico',
    'courriel',
    'adressemail',
  ],
  joined_at: [
    ...['joinedat', 'joined', 'joindate', 'signedup', 'signedupat', 'signupdate', 'subscribedat', 'subscribed'],
    ...['createdat', 'created', 'creationtime', 'optintime', 'confirmtime', 'submittedat', 'timestamp', 'date'],
  ],
  referred_by: ['referredby', 'referrer', 'referrercode', 'referredbycode', 'invitedby'],
  referral_code: ['referralcode', 'refcode', 'invitecode', 'sharecode', 'code'],
  state: ['state', 'status'],
}

/** How a file most likely is to be read, from how it begins. A person looks at it before anything happens. */
export function guessReading(beginning: Buffer, encoding: CsvEncoding): ImportReading {
  const read = (delimiter: string) => sampleOf(beginning, { delimiter, encoding })
  const [delimiter = ','] = Object.keys(delimiters).toSorted((a, b) => regularity(read(b)) - regularity(read(a)))
  return guessColumns(read(delimiter), { delimiter, encoding })
}

/** The same for a delimiter that somebody chose. */
export function guessReadingBy(beginning: Buffer, how: { delimiter: string; encoding: CsvEncoding }): ImportReading {
  return guessColumns(sampleOf(beginning, how), how)
}

function guessColumns(sample: CsvRecord[], how: { delimiter: string; encoding: CsvEncoding }): ImportReading {
  const [first, ...rest] = sample
  const has_header = first !== undefined && !first.cells.some(isEmail)
  const rows = has_header ? rest : sample
  const headers = has_header ? first.cells.map((cell) => cell.toLowerCase().replace(/[^\p{L}]/gu, '')) : []
  const named = (column: keyof typeof names) => {
    const found = names[column].map((name) => headers.indexOf(name)).find((at) => at >= 0)
    return found ?? null
  }
  const width = Math.max(0, ...sample.map(({ cells }) => cells.length))
  const counts = Array.from({ length: width }, (_, at) => rows.filter(({ cells }) => isEmail(cells[at] ?? '')).length)
  const most = Math.max(0, ...counts)
  const byName = named('email') ?? headers.findIndex((header) => /mail/.test(header))
  // A name counts for more than what stands below it, unless that holds no address at all.
  const email =
    byName >= 0 && ((counts[byName] ?? 0) > 0 || most === 0) ? byName : most > 0 ? counts.indexOf(most) : null
  return {
    ...how,
    has_header,
    email,
    joined_at: named('joined_at'),
    referred_by: named('referred_by'),
    referral_code: named('referred_by') === null ? null : named('referral_code'),
    state: named('state'),
  }
}

function sampleOf(beginning: Buffer, how: { delimiter: string; encoding: CsvEncoding }): CsvRecord[] {
  const reader = new CsvReader(how)
  return [...reader.push(beginning.subarray(0, sampleBytes)), ...reader.end()].slice(0, sampleRows)
}

/** How much the rows look like a table: of the same number of cells, more than one. */
function regularity(sample: CsvRecord[]): number {
  const widths = sample.filter(({ broken }) => !broken).map(({ cells }) => cells.length)
  const [first = 1] = widths
  if (first < 2) return 0
  return widths.filter((width) => width === first).length / widths.length + first / 10_000
}

function isEmail(cell: string): boolean {
  return parseEmailAddress(unguardCell(cell)) !== undefined
}
