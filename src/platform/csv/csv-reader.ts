export interface CsvRecord {
  /** The bytes of the record, its line break included: `start` of the next is this one's `end`. */
  start: number
  end: number
  cells: string[]
  /** The record is no CSV, or longer than `maxRecordBytes`; its cells are none, and reading goes on after its first line. */
  broken: boolean
}

/** Those that keep ASCII as it is, so that CSV can be taken apart before it is decoded. */
export type CsvEncoding = 'utf-8' | 'windows-1252'

const maxRecordBytes = 64 * 1024
const [quote, lineFeed, carriageReturn] = [0x22, 0x0a, 0x0d]

/**
 * Reads CSV (RFC 4180) as it comes in, with the place of each record in the file, so that reading can begin again at any of
 * them. Takes LF and CR for line breaks too, leaves empty lines out, and never holds more than a record of the largest size
 * beside what it was just given. What is no CSV costs its own line, not the rest of the file.
 */
export class CsvReader {
  readonly #delimiter: number
  readonly #decode: (bytes: string) => string
  /** Bytes as characters of the same number: places in the text are places in the file. */
  #text = ''
  /** Where `#text` begins in the file. */
  #offset: number
  /** Start of a record that is none, while the end of its first line is looked for. */
  #brokenFrom: number | undefined

  /** A function answers the encoding once something beyond ASCII is to be decoded. */
  constructor(options: { delimiter: string; encoding: CsvEncoding | (() => CsvEncoding); offset?: number }) {
    this.#delimiter = options.delimiter.charCodeAt(0)
    this.#offset = options.offset ?? 0
    const { encoding } = options
    let decoder = typeof encoding === 'string' ? new TextDecoder(encoding, { ignoreBOM: true }) : undefined
    this.#decode = (bytes) => {
      if (/^[\0-\x7f]*$/.test(bytes)) return bytes
      decoder ??= new TextDecoder(typeof encoding === 'string' ? encoding : encoding(), { ignoreBOM: true })
      return decoder.decode(Buffer.from(bytes, 'latin1'))
    }
  }

  /** The records that are whole now. */
  *push(bytes: Buffer): Generator<CsvRecord> {
    this.#text += bytes.toString('latin1')
    yield* this.#records(false)
  }

  /** The last ones: the file ends here, with or without a line break. */
  *end(): Generator<CsvRecord> {
    yield* this.#records(true)
  }

  *#records(atEnd: boolean): Generator<CsvRecord> {
    let from = 0
    while (from < this.#text.length) {
      if (this.#brokenFrom !== undefined) {
        const lineEnd = this.#text.indexOf('\n', from)
        from = lineEnd < 0 ? this.#text.length : lineEnd + 1
        if (lineEnd < 0) break
        yield this.#broken(from)
        continue
      }
      const cells: string[] = []
      const to = this.#readRecord(from, cells, atEnd)
      if (to !== undefined && to - from <= maxRecordBytes) {
        if (!this.#isEmptyLine(from, to)) yield this.#record(from, to, cells)
        from = to
      } else if (to !== undefined || atEnd || this.#text.length - from > maxRecordBytes) {
        // Most likely a quote that nothing closes: the damage is limited to this line.
        this.#brokenFrom = this.#offset + from
      } else break
    }
    if (atEnd && this.#brokenFrom !== undefined) yield this.#broken(from)
    this.#offset += from
    this.#text = this.#text.slice(from)
  }

  #broken(to: number): CsvRecord {
    const start = this.#brokenFrom ?? 0
    this.#brokenFrom = undefined
    return { start, end: this.#offset + to, cells: [], broken: true }
  }

  #isEmptyLine(from: number, to: number): boolean {
    const code = this.#text.charCodeAt(from)
    return to - from <= 2 && (code === lineFeed || code === carriageReturn)
  }

  #record(from: number, to: number, cells: string[]): CsvRecord {
    return { start: this.#offset + from, end: this.#offset + to, cells: cells.map(this.#decode), broken: false }
  }

  /** Fills in the cells, and answers where the next record begins; undefined where the text ends before the record does. */
  #readRecord(from: number, cells: string[], atEnd: boolean): number | undefined {
    const text = this.#text
    let at = from
    for (;;) {
      let cell = ''
      let begin = at
      if (text.charCodeAt(at) === quote) {
        at += 1
        for (begin = at; ; begin = at) {
          at = text.indexOf('"', at)
          if (at < 0) return undefined
          cell += text.slice(begin, at)
          at += 1
          if (at === text.length && !atEnd) return undefined
          if (text.charCodeAt(at) !== quote) break
          cell += '"'
          at += 1
        }
        begin = at
      }
      let code = text.charCodeAt(at)
      while (at < text.length && code !== this.#delimiter && code !== lineFeed && code !== carriageReturn) {
        at += 1
        code = text.charCodeAt(at)
      }
      cells.push(cell + text.slice(begin, at))
      if (at === text.length) return atEnd ? at : undefined
      at += 1
      if (code === lineFeed) return at
      if (code === carriageReturn) {
        if (at === text.length && !atEnd) return undefined
        return text.charCodeAt(at) === lineFeed ? at + 1 : at
      }
    }
  }
}
