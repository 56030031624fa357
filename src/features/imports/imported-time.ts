import { parseRfc3339 } from '../subscribers/joined-at.ts'

const loose = /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?)? ?(Z|z|UTC|[+-]\d{2}:?\d{2})?$/

/** Reads a time as files hold it: RFC 3339, or a date, with a time or without, in UTC where no offset stands. Nothing that two countries read differently. */
export function parseImportedTime(text: string): Date | undefined {
  const match = loose.exec(text)
  if (!match) return undefined
  const [, date, minutes = '00:00', seconds = ':00', offset = 'Z'] = match
  const colon = /^[+-]\d{4}$/.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset
  return parseRfc3339(`${date}T${minutes}${seconds}${colon === 'UTC' ? 'Z' : colon}`)
}
