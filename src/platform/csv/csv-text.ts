import type { CsvEncoding } from './csv-reader.ts'

const enoughToTell = 1024
/** How .xlsx and .ods begin, and .xls. */
const workbooks = [Buffer.from('504b0304', 'hex'), Buffer.from('d0cf11e0', 'hex')]
const [quote, lineFeed, carriageReturn] = [0x22, 0x0a, 0x0d]

/** Why a file is not read, in a sentence for whoever brought it. */
export class UnreadableText extends Error {
  override readonly name = 'UnreadableText'
}

/**
 * Makes the bytes of a text file such that CSV can be read from them: UTF-16 becomes UTF-8, byte order marks go. What is
 * neither is taken for Windows-1252, which holds Latin-1. The encoding and the number of lines are known at the end.
 * @throws UnreadableText for what is no text.
 */
export class CsvText {
  encoding: CsvEncoding = 'utf-8'
  /** Line breaks outside quotes, so of records; empty lines count. */
  lines = 0
  #head: Buffer | undefined = Buffer.alloc(0)
  #utf16: InstanceType<typeof TextDecoder> | undefined
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true })
  #inQuotes = false
  #last = lineFeed

  push(bytes: Buffer): Buffer {
    if (!this.#head) return this.#read(bytes)
    this.#head = Buffer.concat([this.#head, bytes])
    return this.#head.length < enoughToTell ? Buffer.alloc(0) : this.#begin()
  }

  end(): Buffer {
    const rest = this.#head ? this.#begin() : Buffer.alloc(0)
    const last = this.#utf16 ? this.#take(Buffer.from(this.#utf16.decode())) : Buffer.alloc(0)
    this.#check(undefined)
    if (this.#last !== lineFeed && this.#last !== carriageReturn) this.lines += 1
    return Buffer.concat([rest, last])
  }

  #begin(): Buffer {
    const head = this.#head ?? Buffer.alloc(0)
    this.#head = undefined
    const kind = kindOf(head)
    if (kind === 'utf-16le' || kind === 'utf-16be') this.#utf16 = new TextDecoder(kind)
    return this.#read(kind === 'utf-8 with a mark' ? head.subarray(3) : head)
  }

  #read(bytes: Buffer): Buffer {
    if (this.#utf16) return this.#take(Buffer.from(this.#utf16.decode(bytes, { stream: true })))
    this.#check(bytes)
    return this.#take(bytes)
  }

  #check(bytes: Buffer | undefined): void {
    if (this.encoding !== 'utf-8' || this.#utf16) return
    try {
      this.#utf8.decode(bytes, { stream: bytes !== undefined })
    } catch {
      this.encoding = 'windows-1252'
    }
  }

  #take(bytes: Buffer): Buffer {
    for (const byte of bytes) {
      if (byte === quote) this.#inQuotes = !this.#inQuotes
      else if (!this.#inQuotes && (byte === carriageReturn || (byte === lineFeed && this.#last !== carriageReturn)))
        this.lines += 1
      this.#last = byte
    }
    return bytes
  }
}

function kindOf(head: Buffer): 'utf-8 with a mark' | 'utf-16le' | 'utf-16be' | 'bytes' {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8 with a mark'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (workbooks.some((start) => head.subarray(0, start.length).equals(start))) {
    throw new UnreadableText(
      'This is a workbook, not a CSV file. Save it as “CSV UTF-8” in your spreadsheet, and choose that file.',
    )
  }
  const zeros = [0, 0]
  head.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1
  })
  const [even = 0, odd = 0] = zeros
  // Of western text in UTF-16, every other byte is zero.
  if (odd > head.length / 4 && even === 0) return 'utf-16le'
  if (even > head.length / 4 && odd === 0) return 'utf-16be'
  if (even + odd <= head.length / 20) return 'bytes'
  throw new UnreadableText('This file is not text. Choose a CSV file.')
}
