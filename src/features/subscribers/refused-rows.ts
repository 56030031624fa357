import { type FileHandle, open, stat } from 'node:fs/promises'
import { guardCell, toCsvLine, unguardCell } from '../../platform/csv/csv-line.ts'
import { AppError } from '../../platform/errors.ts'
import type { RefusedRow } from './import-subscribers.ts'

/** More lines than these nobody reads on a screen. */
const maxLines = 50
const maxWords = 20

/** Tells a person at a terminal which rows were refused and why, and writes all of them to a file if they want one. */
export class RefusedRows {
  readonly #path: string | undefined
  readonly #print: (line: string) => void
  #file: FileHandle | undefined
  #width = 0
  #count = 0
  readonly #words = new Map<string, number>()
  #isUnclear = false

  constructor(path: string | undefined, print: (line: string) => void) {
    this.#path = path
    this.#print = print
  }

  /** @throws AppError `validation_failed` where the file cannot be written, or is the one that is imported. */
  async begin(header: readonly string[], imported: string): Promise<void> {
    if (this.#path === undefined) return
    if (await isSameFile(this.#path, imported))
      throw new AppError(
        'validation_failed',
        'The results would replace the file that is imported. Choose another file.',
      )
    try {
      this.#file = await open(this.#path, 'w', 0o600)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new AppError('validation_failed', `The results cannot be written: ${why}`, { cause: error })
    }
    this.#width = header.length
    await this.#file.write(toLine(['row', 'result', 'reason', ...header]))
  }

  async add({ row, outcome, reason, cells, inactive }: RefusedRow): Promise<void> {
    this.#count += 1
    this.#isUnclear ||= outcome === 'd'
    if (this.#count <= maxLines) this.#print(`Row ${row}: ${reason}`)
    if (inactive && (this.#words.has(inactive.word) || this.#words.size < maxWords))
      this.#words.set(inactive.word, (this.#words.get(inactive.word) ?? 0) + 1)
    const missing = Array.from({ length: Math.max(0, this.#width - cells.length) }, () => '')
    await this.#file?.write(toLine([String(row), 'refused', reason, ...cells, ...missing]))
  }

  async end(): Promise<void> {
    if (this.#count > maxLines)
      this.#print(
        `… and ${this.#count - maxLines} more rows${this.#file ? '' : '. Write all of them to a file with --results FILE'}`,
      )
    const words = [...this.#words]
    if (words.length > 0)
      this.#print(
        `Not active: ${words.map(([word, count]) => `${word} (${count})`).join(', ')}. Add such rows with --include-status WORD,WORD.`,
      )
    if (this.#isUnclear)
      this.#print('Say what comes first in dates such as 3/4/2026: --date-order day or --date-order month.')
    await this.#file?.close()
    this.#file = undefined
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)))
  return a !== undefined && a.dev === b?.dev && a.ino === b.ino
}

function toLine(cells: readonly string[]): string {
  return toCsvLine(cells.map((cell) => guardCell(unguardCell(cell))))
}
