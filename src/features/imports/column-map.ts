import { AppError } from '../../platform/errors.ts'
import { type ColumnName, columnNames, toColumnKey } from './column-names.ts'
import type { ImportReading } from './import.ts'

/** Which column somebody wants for what, by its name or number from 1; `none` leaves it out. */
export type ColumnMap = Partial<Record<ColumnName, string>>

const fields = Object.keys(columnNames) as ColumnName[]

/** Reads `email=E-Mail,joined_at=none`. A column's name may hold a comma. @throws Error with a sentence. */
export function parseColumnMap(text: string): ColumnMap {
  const map: ColumnMap = {}
  for (const part of text.split(/,(?=(?:email|joined_at|referred_by|referral_code|state)=)/)) {
    const [, field = '', column = ''] = /^\s*([a-z_]+)=(.*)$/s.exec(part) ?? []
    if (!isField(field) || column.trim() === '')
      throw new Error(
        `"${part}" is not FIELD=COLUMN. Fields are ${fields.join(', ')}; a column is its name, its number or none.`,
      )
    map[field] = column.trim()
  }
  return map
}

/** A reading with these columns instead of the guessed ones. @throws AppError `validation_failed` for a column that is not there. */
export function withColumns(
  reading: ImportReading,
  map: ColumnMap,
  { header, width }: { header: readonly string[]; width: number },
): ImportReading {
  const chosen = Object.entries(map).map(([field, wanted]) => [field, findColumn(wanted, header, width)])
  return { ...reading, ...(Object.fromEntries(chosen) as Partial<ImportReading>) }
}

function findColumn(wanted: string, header: readonly string[], width: number): number | null {
  if (wanted.toLowerCase() === 'none') return null
  const names = header.map((name) => name.trim())
  const exact = names.indexOf(wanted)
  if (exact >= 0) return exact
  const alike = names.findIndex((name) => toColumnKey(name) !== '' && toColumnKey(name) === toColumnKey(wanted))
  if (alike >= 0) return alike
  const number = /^\d{1,5}$/.test(wanted) ? Number(wanted) : 0
  if (number >= 1 && number <= width) return number - 1
  const shown = names
    .filter(Boolean)
    .slice(0, 20)
    .map((name) => `"${name.replace(/\p{Cc}/gu, '').slice(0, 60)}"`)
  const there = shown.length > 0 ? `Its columns are ${shown.join(', ')}` : 'Its columns have no names'
  const more = names.length > shown.length && shown.length === 20 ? ' and others' : ''
  throw new AppError('validation_failed', `The file has no column "${wanted}". ${there}${more}: numbers 1 to ${width}.`)
}

function isField(text: string): text is ColumnName {
  return Object.hasOwn(columnNames, text)
}
