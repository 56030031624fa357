import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'

/*
 * A backup is a gzip stream of frames: a letter, the length of what follows (4 bytes, big-endian), and that. First the header
 * (H), then each table (T) and its rows (D, pieces of COPY's text), at last the end (E) with a SHA-256 over all before it.
 */

const headerSchema = z.object({
  format: z.literal('queueup-backup'),
  version: z.literal(1),
  made_at: z.string(),
  migrations: z.array(z.object({ number: z.number(), name: z.string(), checksum: z.string() })).min(1),
  /** Which SECRET_KEY the database was made with. */
  secret_version: z.string().nullable(),
  /** That key itself, where it was asked for. */
  secret_key: z.string().optional(),
})
export type BackupHeader = z.infer<typeof headerSchema>

const tableSchema = z.object({ name: z.string(), columns: z.array(z.string()).min(1) })
const endSchema = z.object({ rows: z.record(z.string(), z.number()), sha256: z.string() })

export type Frame =
  | { type: 'H'; header: BackupHeader }
  | { type: 'T'; table: z.infer<typeof tableSchema> }
  | { type: 'D'; rows: Buffer }
  | { type: 'E'; rows: Record<string, number> }

const headBytes = 5
const maxFrameBytes = 2 ** 30

/** Writes frames and keeps the hash over them. */
export class FrameWriter {
  readonly #hash = createHash('sha256')

  json(type: 'H' | 'T', value: unknown): Buffer {
    return this.frame(type, Buffer.from(JSON.stringify(value)))
  }

  frame(type: 'H' | 'T' | 'D' | 'E', payload: Buffer): Buffer {
    const frame = Buffer.alloc(headBytes + payload.length)
    frame.write(type, 'latin1')
    frame.writeUInt32BE(payload.length, 1)
    payload.copy(frame, headBytes)
    this.#hash.update(frame)
    return frame
  }

  end(rows: Record<string, number>): Buffer {
    return this.frame('E', Buffer.from(JSON.stringify({ rows, sha256: this.#hash.copy().digest('hex') })))
  }
}

/**
 * The frames of a backup, from its header to its end.
 * @throws AppError `validation_failed` for what is no backup, was cut off or was changed, as soon as that shows.
 */
export async function* readFrames(path: string): AsyncGenerator<Frame> {
  const hash = createHash('sha256')
  let first = true
  for await (const { type, payload, frame } of split(path)) {
    if (first !== (type === 'H')) throw refusal(path, first ? 'is not a backup of QueueUp' : 'was changed')
    first = false
    if (type === 'E') {
      const { rows, sha256 } = read(endSchema, path, payload)
      if (sha256 !== hash.digest('hex')) throw refusal(path, 'was changed')
      return yield { type, rows }
    }
    hash.update(frame)
    if (type === 'H') yield { type, header: read(headerSchema, path, payload) }
    else if (type === 'T') yield { type, table: read(tableSchema, path, payload) }
    else if (type === 'D') yield { type, rows: payload }
    else throw refusal(path, 'was changed')
  }
  throw refusal(path, first ? 'is not a backup of QueueUp' : 'was cut off')
}

async function* split(path: string): AsyncGenerator<{ type: string; payload: Buffer; frame: Buffer }> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of gunzipped(path)) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    while (rest.length >= headBytes) {
      const length = rest.readUInt32BE(1)
      if (length > maxFrameBytes) throw refusal(path, 'was changed')
      const end = headBytes + length
      if (rest.length < end) break
      yield {
        type: rest.toString('latin1', 0, 1),
        payload: rest.subarray(headBytes, end),
        frame: rest.subarray(0, end),
      }
      rest = rest.subarray(end)
    }
  }
}

async function* gunzipped(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path)
  const gunzip = createGunzip()
  file.on('error', (error) => gunzip.destroy(error)).pipe(gunzip)
  try {
    yield* gunzip
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'Z_BUF_ERROR') throw refusal(path, 'was cut off')
    if (code === 'Z_DATA_ERROR')
      throw refusal(path, /header/.test(String(error)) ? 'is not a backup of QueueUp' : 'was changed')
    if (error instanceof Error && 'syscall' in error)
      throw new AppError('validation_failed', `${path} cannot be read: ${error.message}.`)
    throw error
  } finally {
    file.destroy()
  }
}

function read<T>(schema: z.ZodType<T>, path: string, payload: Buffer): T {
  try {
    return schema.parse(JSON.parse(payload.toString()))
  } catch (error) {
    throw refusal(path, 'was changed, or is not a backup that this version of QueueUp can read', error)
  }
}

function refusal(path: string, what: string, cause?: unknown): AppError {
  return new AppError('validation_failed', `${path} ${what}. Nothing of it was restored.`, { cause })
}
