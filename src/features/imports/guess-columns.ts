import { cleanCell, readCell } from './clean-cell.ts'
import { type ColumnName, columnNames, toColumnKey } from './column-names.ts'
import { isEmail } from './find-header.ts'
import type { ImportReading } from './import.ts'
import { parseImportedTime } from './imported-time.ts'
import { toFileCode } from './referral-codes.ts'
import { blankStatus, isLeavingName, isStatusWord, isYesOrNo } from './subscriber-status.ts'

type Columns = Pick<ImportReading, ColumnName | 'leaving' | 'include_status'>

/** Names that say “time” hold even above times that nobody can read: then the rows say so. */
const timeName = /(?:at|on|time|date|timestamp|zeitstempel|tijdstempel|horodateur|hora|temporal|cronologiche)$/
const stateNames: readonly string[] = columnNames.state
/** Names of states that hold above words that nobody knows; others may mean something else. */
const statusName = /stat(?:us|ut)$/
const aboutEmail =
  /refer|invite|optin|optout|blocklist|blacklist|status|verif|confirm|consent|valid|bounce|market|format/

/** Which column is what: by their names, where what is below fits it. */
export function guessColumns(header: readonly string[], rows: readonly string[][]): Columns {
  const keys = header.map(toColumnKey)
  const width = Math.max(keys.length, ...rows.map((cells) => cells.length))
  const values = Array.from({ length: width }, (_, at) => rows.map((cells) => cleanCell(cells[at])).filter(Boolean))
  const valuesAt = (at: number) => values[at] ?? []
  const named = (column: ColumnName) =>
    columnNames[column].flatMap((name) => keys.flatMap((key, at) => (key === name ? [at] : [])))

  const email = guessEmail(keys, rows, width, named('email'))
  const free = (column: ColumnName) => named(column).filter((at) => at !== email)
  const joined_at = mostFitting(
    free('joined_at').filter((at) => isTimeColumn(keys[at] ?? '', valuesAt(at))),
    (at) => valuesAt(at).filter(isTime).length,
  )
  const state = free('state').find((at) => at !== joined_at && isStatusColumn(keys[at] ?? '', valuesAt(at))) ?? null
  const referred_by = free('referred_by').find((at) => share(valuesAt(at), looksLikeCode) >= 0.5) ?? null
  const leaving = header
    .map((name, column) => ({ column, name: name.trim().slice(0, 60) }))
    .filter(({ column, name }) => isLeavingName(name) && column !== email && column !== joined_at)
  return {
    email,
    joined_at,
    referred_by,
    referral_code: referred_by === null ? null : guessOwnCode(referred_by),
    state,
    ...(leaving.length > 0 ? { leaving } : {}),
    // Where nobody has a state at first, none is no reason; words further down are.
    ...(state !== null && valuesAt(state).length === 0 ? { include_status: [blankStatus] } : {}),
  }

  /** The column whose codes the referrers are: by what is in it above all. */
  function guessOwnCode(referrer: number): number | null {
    const wanted = new Set(valuesAt(referrer).map(toFileCode))
    const likely = free('referral_code').filter(
      (at) => at !== referrer && isOwnCodeColumn(keys[at] ?? '', valuesAt(at)),
    )
    const others = [...values.keys()].filter(
      (at) => at !== referrer && at !== email && at !== joined_at && at !== state,
    )
    const found = mostFitting([...likely, ...others], (at) => {
      const own = new Set(valuesAt(at).map(toFileCode))
      return [...wanted].filter((code) => code !== '' && own.has(code)).length
    })
    const isFound = found !== null && valuesAt(found).some((code) => wanted.has(toFileCode(code)))
    return isFound ? found : (likely[0] ?? null)
  }
}

/** A name counts for more than what is below it, unless that holds no address at all. */
function guessEmail(keys: string[], rows: readonly string[][], width: number, named: number[]): number | null {
  const counts = Array.from({ length: width }, (_, at) => rows.filter((cells) => isEmail(readCell(cells[at]))).length)
  const most = Math.max(0, ...counts)
  const alike = keys.flatMap((key, at) => (/mail|courriel|correo/.test(key) && !aboutEmail.test(key) ? [at] : []))
  const likely = [...named, ...alike]
  if (most === 0) return likely[0] ?? null
  return likely.find((at) => (counts[at] ?? 0) > 0) ?? counts.indexOf(most)
}

/** The first that fits at least half as well as the one that fits best. */
function mostFitting(columns: readonly number[], weigh: (column: number) => number): number | null {
  const fits = columns.map((at) => ({ at, weight: weigh(at) }))
  const best = Math.max(0, ...fits.map(({ weight }) => weight))
  return fits.find(({ weight }) => weight >= best / 2)?.at ?? null
}

function isTimeColumn(key: string, values: readonly string[]): boolean {
  if (timeName.test(key)) return values.length === 0 || !values.every((value) => isYesOrNo(value) || isEmail(value))
  return values.length > 0 ? share(values, isTime) >= 0.5 : !stateNames.includes(key)
}

function isTime(value: string): boolean {
  return Boolean(parseImportedTime(value, 'day') ?? parseImportedTime(value, 'month'))
}

function isStatusColumn(key: string, values: readonly string[]): boolean {
  return share(values, isStatusWord) >= (statusName.test(key) ? 0 : 0.5)
}

/** `code` may be any code: one that people have of their own differs from row to row. */
function isOwnCodeColumn(key: string, values: readonly string[]): boolean {
  return (key !== 'code' && key !== 'token') || new Set(values).size >= values.length * 0.75
}

/** A code is one word; a link is one where it holds a code. */
function looksLikeCode(value: string): boolean {
  return isEmail(value) || (toFileCode(value) !== '' && !/\s/.test(value) && !isTime(value))
}

/** How many of the values are such; all of none. */
function share(values: readonly string[], test: (value: string) => boolean): number {
  return values.length === 0 ? 1 : values.filter(test).length / values.length
}
