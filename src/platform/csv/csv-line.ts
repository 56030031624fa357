/**
 * What a spreadsheet would run as a formula, however many quotes stand before it (OWASP ASVS 1.2.10): tab, CR, LF and NUL
 * first, or a sign, of full width too as some locales read it, behind white space or characters that nobody sees.
 */
const formula = /^'*(?:[\t\r\n\0]|[\s\0\p{Default_Ignorable_Code_Point}]*[=+\-@＝＋－＠﹦﹢﹣﹫−])/u

/** One line of CSV (RFC 4180): with its line break, and quoted only where it must be. */
export function toCsvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')}\r\n`
}

/** Puts a quote before what a spreadsheet would run; `unguardCell` takes it away again. */
export function guardCell(cell: string): string {
  return formula.test(cell) ? `'${cell}` : cell
}

/** The exact inverse of `guardCell`. */
export function unguardCell(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell
}
