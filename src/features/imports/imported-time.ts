import { parseRfc3339 } from '../subscribers/joined-at.ts'
import { findMonth } from './month-names.ts'

/** Which of the two numbers of `3/4/2026` comes first. */
export type DateOrder = 'day' | 'month'

interface Parts {
  date: string
  hour: string
  minute: string
  second: string
  half: string
  zone: string
}

const clock = /[ T,_](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?(?: ?([ap])\.?m\.?)?(?=$|[ Z+[(-])/i
const zone =
  /^(?:(z|utc|gmt|ut|est|edt|cst|cdt|mst|mdt|pst|pdt|cet|cest)|(?:utc|gmt)?([+-]\d{2})(?::?(\d{2}))?)(?: utc| gmt)?(?: ?\(.{0,60}\)| ?\[.{0,60}\])?$/i
const zoneHours: Record<string, string> = {
  ...{ est: '-05', edt: '-04', cst: '-06', cdt: '-05', mst: '-07', mdt: '-06', pst: '-08', pdt: '-07' },
  ...{ cet: '+01', cest: '+02' },
}
const weekday = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,? /i
const yearFirst = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/
const yearLast = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$/

/**
 * Reads a time as files hold it: ISO 8601, RFC 2822, names of months, seconds and milliseconds since 1970, in UTC where no
 * offset stands. What two countries read differently, such as `3/4/2026`, it reads in the given order, and not without one.
 */
export function parseImportedTime(text: string, order: DateOrder | null = null): Date | undefined {
  if (text.length > 100) return undefined
  const since = sinceEpoch(text)
  if (since) return since
  const parts = splitTime(text)
  const date = parts && readDate(parts.date, order)
  const hour = parts && readHour(parts)
  const offset = parts && readOffset(parts.zone)
  if (!date || hour === undefined || offset === undefined) return undefined
  const day = [date[0].padStart(4, '0'), date[1].padStart(2, '0'), date[2].padStart(2, '0')].join('-')
  return parseRfc3339(`${day}T${hour}:${parts.minute}:${parts.second}${offset}`)
}

/** Which order a time is in that has one at all: `31/1/2026` tells, `3/4/2026` is `unclear`. */
export function dateOrderOf(text: string): DateOrder | 'unclear' | undefined {
  const date = text.length <= 100 && /\d[-/.]\d/.test(text) ? splitTime(text)?.date.replace(weekday, '') : undefined
  if (!date || !yearLast.test(date)) return undefined
  const [asDay, asMonth] = [parseImportedTime(text, 'day'), parseImportedTime(text, 'month')]
  if (asDay && asMonth) return asDay.getTime() === asMonth.getTime() ? undefined : 'unclear'
  return asDay ? 'day' : asMonth ? 'month' : undefined
}

function sinceEpoch(text: string): Date | undefined {
  if (/^\d{10}(?:\.\d{1,9})?$/.test(text)) return new Date(Math.floor(Number(text)) * 1_000)
  if (/^\d{13}$/.test(text)) return new Date(Number(text))
  return /^\d{16}$/.test(text) ? new Date(Math.floor(Number(text) / 1_000)) : undefined
}

function splitTime(text: string): Parts | undefined {
  const plain = text
    .replace(/\s+/g, ' ')
    .replace(/^(\d{4})(\d{2})(\d{2})(?=T\d|$)/, '$1-$2-$3')
    .replace(/T(\d{2})(\d{2})(\d{2})?(?=$|[Z+.-])/, 'T$1:$2:$3')
    .replace(/:(?=$|[Z+.-])/, '')
    .replace(/^(\d{4}-\d{2}-\d{2})_(\d{2})-(\d{2})-(\d{2})$/, '$1_$2:$3:$4')
  const found = clock.exec(plain)
  if (!found) {
    const [, date = plain, rest = ''] = /^(\d{4}-\d{2}-\d{2}) ?(z|utc|[+-]\d{2}:?\d{2})$/i.exec(plain) ?? []
    return { date, hour: '0', minute: '00', second: '00', half: '', zone: rest }
  }
  const [, hour = '', minute = '', second = '00', half = ''] = found
  let date = plain.slice(0, found.index).replace(/(?:,| at| um)$/, '')
  let rest = plain.slice(found.index + found[0].length).trim()
  // As `date` writes it, and C: the year comes last.
  const year = /(?:^| )(\d{4})$/.exec(rest)
  if (year && !/\d{4}/.test(date)) {
    date = `${date} ${year[1]}`
    rest = rest.slice(0, year.index)
  }
  return { date, hour, minute, second, half: half.toLowerCase(), zone: rest }
}

function readDate(text: string, order: DateOrder | null): [year: string, month: string, day: string] | undefined {
  const date = text.replace(weekday, '')
  const first = yearFirst.exec(date)
  if (first) return [first[1] ?? '', first[3] ?? '', first[4] ?? '']
  const last = yearLast.exec(date)
  if (last) {
    const [, one = '', , two = '', year = ''] = last
    if (order === null && one !== two) return undefined
    return order === 'day' ? [year, two, one] : [year, one, two]
  }
  const words = date.split(/[ ,.-]+/).filter((word) => word !== '' && !/^(?:de|of)$/i.test(word))
  const month = words.map(findMonth).find((found) => found !== undefined)
  const day = words.map((word) => /^(\d{1,2})(?:st|nd|rd|th|er|º|ª)?$/i.exec(word)?.[1]).find(Boolean)
  const year = words.find((word) => /^\d{4}$/.test(word))
  return words.length === 3 && month && day && year ? [year, String(month), day] : undefined
}

/** Of 24, in two digits. */
function readHour({ hour, half }: Parts): string | undefined {
  const number = Number(hour)
  if (half === '') return hour.padStart(2, '0')
  if (number < 1 || number > 12) return undefined
  return String((number % 12) + (half === 'p' ? 12 : 0)).padStart(2, '0')
}

function readOffset(text: string): string | undefined {
  if (text === '') return 'Z'
  const [found, name = '', hours, minutes = '00'] = zone.exec(text) ?? []
  if (found === undefined) return undefined
  const named = zoneHours[name.toLowerCase()]
  return hours ? `${hours}:${minutes}` : named ? `${named}:00` : 'Z'
}
