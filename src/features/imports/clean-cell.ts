import { unguardCell } from '../../platform/csv/csv-line.ts'

/** How programs write that a cell has no value: PostgreSQL and MySQL, spreadsheets, and libraries. */
const nothing =
  /^(?:null|\(null\)|<null>|\[null\]|\\n|nil|none|nan|nat|undefined|#?n\/a|-|–|—|0000-00-00(?: 00:00:00)?)$/i
/** What nobody sees, the apostrophe of a spreadsheet, and quotation marks. */
const unseen = /[\s\p{Cf}\p{Default_Ignorable_Code_Point}'"`´‘’‚“”„«»‹›]/u

/** What a cell says, without a guard against formulas and blanks; '' for each way to write that there is nothing. */
export function readCell(cell: string | undefined): string {
  const text = unguardCell(cell ?? '').trim()
  return nothing.test(text) ? '' : text
}

/** The same without quotation marks and characters that nobody sees on either side: for codes, times and words. */
export function cleanCell(cell: string | undefined): string {
  const characters = [...readCell(cell)]
  while (characters.length > 0 && unseen.test(characters[0] ?? '')) characters.shift()
  while (characters.length > 0 && unseen.test(characters.at(-1) ?? '')) characters.pop()
  const text = characters.join('')
  return nothing.test(text) ? '' : text
}
