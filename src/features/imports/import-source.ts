import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { addAbortSignal, PassThrough } from 'node:stream'
import type { Context } from '../../platform/context.ts'
import { CsvReader, type CsvRecord } from '../../platform/csv/csv-reader.ts'
import { CsvText } from '../../platform/csv/csv-text.ts'
import { headRows, type ImportReading } from './import.ts'
import { chunkBytes } from './import-file.ts'

type Services = Pick<Context, 'config' | 'stopping'>

/**
 * A file of the server, or a pipe, whose encoding is decided by all of it, as for an uploaded file. A file is read twice. A pipe
 * is read as it comes as long as nothing beyond ASCII is in it; what comes after that waits in `DATA_DIR` for the end.
 */
export class ImportSource {
  /** As much as there was at once, up to what is sampled of an uploaded file. */
  beginning: Buffer = Buffer.alloc(0)
  /** Whether that is all. */
  isWhole = false
  readonly #services: Services
  readonly #file: string
  #text = new CsvText()
  /** Of a pipe: what is still to come, and what of it waits. */
  #pipe: AsyncIterator<Buffer> | undefined
  #stored: FileHandle | undefined

  private constructor(services: Services, file: string) {
    this.#services = services
    this.#file = file
  }

  /** @throws UnreadableText for what is no text; errors of the file system. */
  static async open(services: Services, file: string): Promise<ImportSource> {
    const source = new ImportSource(services, file)
    if ((await stat(file)).isFile()) await source.#survey()
    else await source.#openPipe()
    return source
  }

  get encoding(): CsvText['encoding'] {
    return this.#text.encoding
  }

  /** The rows below the names of the columns. Those of a pipe can be read once, unless it was read to its end before. */
  async *records(reading: ImportReading): AsyncGenerator<CsvRecord> {
    const reader = new CsvReader({ ...reading, encoding: () => this.#text.encoding })
    let skip = headRows(reading)
    const take = function* (records: Iterable<CsvRecord>) {
      for (const record of records) {
        if (skip === 0) yield record
        else skip -= 1
      }
    }
    for await (const bytes of this.#pieces()) yield* take(reader.push(bytes))
    yield* take(reader.end())
  }

  /** Has the whole decide, a pipe's too, which then can be read again. */
  async readToEnd(): Promise<void> {
    if (!this.#pipe) return
    await this.#store(this.beginning)
    for (let bytes = await this.#next(); bytes; bytes = await this.#next()) await this.#store(bytes)
    this.#pipe = undefined
  }

  async close(): Promise<void> {
    await this.#pipe?.return?.()
    await this.#stored?.close()
  }

  async #survey(): Promise<void> {
    const beginning: Buffer[] = []
    let bytes = 0
    for await (const piece of readText(this.#text, this.#read())) {
      if (bytes < chunkBytes) beginning.push(piece)
      bytes += piece.length
    }
    this.beginning = Buffer.concat(beginning).subarray(0, chunkBytes)
    this.isWhole = bytes <= chunkBytes
  }

  async #openPipe(): Promise<void> {
    this.#pipe = readText(this.#text, this.#read())[Symbol.asyncIterator]()
    this.beginning = (await this.#next()) ?? Buffer.alloc(0)
    if (!this.#text.isDecided) await this.readToEnd()
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    if (this.#stored) yield* this.#readStored()
    else if (!this.#pipe) yield* readText(new CsvText(), this.#read())
    else {
      yield this.beginning
      for (let bytes = await this.#next(); bytes; bytes = await this.#next()) {
        if (this.#text.isDecided) {
          yield bytes
          continue
        }
        for (let rest: Buffer | undefined = bytes; rest; rest = await this.#next()) await this.#store(rest)
        yield* this.#readStored()
      }
    }
  }

  async #next(): Promise<Buffer | undefined> {
    const next = await this.#pipe?.next()
    return next?.done ? undefined : next?.value
  }

  async #store(bytes: Buffer): Promise<void> {
    if (!this.#stored) {
      const path = join(this.#services.config.dataDir, `import-${randomUUID()}`)
      this.#stored = await open(path, 'wx+', 0o600)
      // It has no name, so that nothing of it stays when the command is killed.
      await unlink(path)
    }
    await this.#stored.write(bytes)
  }

  #readStored(): AsyncIterable<Buffer> {
    return this.#stored?.createReadStream({ start: 0, autoClose: false }) ?? PassThrough.from([])
  }

  #read(): AsyncIterable<Buffer> {
    const source = createReadStream(this.#file, { highWaterMark: 64 * 1024 })
    // To break off here: a read of a pipe that nobody writes to cannot be.
    const through = source.pipe(new PassThrough())
    source.on('error', (error) => through.destroy(error))
    if (this.#services.stopping) addAbortSignal(this.#services.stopping, through)
    return through as AsyncIterable<Buffer>
  }
}

async function* readText(text: CsvText, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const bytes of source) {
    const piece = text.push(bytes)
    if (piece.length > 0) yield piece
  }
  const last = text.end()
  if (last.length > 0) yield last
}
