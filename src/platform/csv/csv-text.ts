import { isAscii } from 'node:buffer'
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
 * neither is taken for Windows-1252, which holds Latin-1. The encoding and the number of lines are known at the end: the
 * first umlaut may be anywhere. UTF-8 with a few damaged characters stays UTF-8, and these become U+FFFD.
 * @throws UnreadableText for what is no text.
 */
export class CsvText {
  /** Line breaks outside quotes, so of records; empty lines count. */
  lines = 0
  #head: Buffer | undefined = Buffer.alloc(0)
  #utf16: InstanceType<typeof TextDecoder> | undefined
  readonly #strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  readonly #lenient = new TextDecoder('utf-8', { ignoreBOM: true })
  /** The decoders may hold the beginning of a character. */
  #isPending = false
  #hasMark = false
  #isValid = true
  /** Characters beyond ASCII, read as UTF-8. */
  #good = 0
  #damaged = 0
  #inQuotes = false
  #last = lineFeed

  /** As far as it has been read. */
  get encoding(): CsvEncoding {
    return this.#hasMark || this.#isValid || this.#good > this.#damaged ? 'utf-8' : 'windows-1252'
  }

  /** Whether what has been given out is the same text, whatever is still to come. */
  get isDecided(): boolean {
    const isPlain = this.#good + this.#damaged === 0 && !this.#isPending
    return this.#utf16 !== undefined || this.#hasMark || isPlain
  }

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
    this.#hasMark = kind === 'utf-8 with a mark'
    return this.#read(kind === 'utf-8 with a mark' ? head.subarray(3) : head)
  }

  #read(bytes: Buffer): Buffer {
    if (this.#utf16) return this.#take(Buffer.from(this.#utf16.decode(bytes, { stream: true })))
    this.#check(bytes)
    return this.#take(bytes)
  }

  #check(bytes: Buffer | undefined): void {
    if (this.#utf16 || (bytes && !this.#isPending && isAscii(bytes))) return
    const how = { stream: bytes !== undefined }
    if (this.#isValid) {
      try {
        this.#strict.decode(bytes, how)
      } catch {
        this.#isValid = false
      }
    }
    const text = this.#lenient.decode(bytes, how)
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0xfffd) this.#damaged += 1
      else if (code > 0x7f) this.#good += 1
    }
    this.#isPending = bytes !== undefined && (bytes.at(-1) ?? 0) > 0x7f
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
  if (head.length >= 4 && head.readUInt32LE() === 0xfeff)
    throw new UnreadableText('This file is UTF-32. Save it as UTF-8, and choose that file.')
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (workbooks.some((start) => head.subarray(0, start.length).equals(start))) {
    throw new UnreadableText(
      'This is a workbook, not a CSV file. Save it as “CSV UTF-8” in your spreadsheet, and choose that file.',
    )
  }
  if (/^\s*(?:\[\s*\{|\{\s*")/.test(head.toString('latin1')))
    throw new UnreadableText(
      'This file is JSON. Convert it to CSV, with a column for each member, and choose that file.',
    )
  const zeros = [0, 0]
  head.forEach((byte, i) => {
    if (byte === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1
  })
  const [even = 0, odd = 0] = zeros
  // Of western text in UTF-16, every other byte is zero, and few of those between are.
  if (odd > head.length / 4 && even < odd / 8) return 'utf-16le'
  if (even > head.length / 4 && odd < even / 8) return 'utf-16be'
  if (even + odd <= head.length / 20) return 'bytes'
  throw new UnreadableText('This file is not text. Choose a CSV file.')
}
