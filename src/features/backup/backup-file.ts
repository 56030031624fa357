import { createHash } from 'node:crypto'
import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'

/*
 * Inside a backup there are frames: a letter, the length of the payload (4 bytes, big-endian), and the payload. First the
 * header (H), then each table (T) and its rows (D, COPY's text), at last the end (E) with a SHA-256 over all before it.
 */

const headerSchema = z.object({
  format: z.literal('queueup-backup'),
  version: z.literal(1),
  made_at: z.string(),
  migrations: z.array(z.object({ number: z.number(), name: z.string(), checksum: z.string() })).min(1),
  /** Which SECRET_KEY the database was made with. */
  secret_version: z.string().nullable(),
  /** That key itself, in files of version 1 where it was asked for. */
  secret_key: z.string().optional(),
})
export type BackupHeader = z.infer<typeof headerSchema>

const tableSchema = z.object({ name: z.string(), columns: z.array(z.string()).min(1) })
const endSchema = z.object({ rows: z.record(z.string(), z.number()), sha256: z.string() })

export type Frame =
  | { type: 'H'; header: BackupHeader }
  | { type: 'T'; table: z.infer<typeof tableSchema> }
  /** Rows as they are read: a long frame comes in several pieces. */
  | { type: 'D'; rows: Buffer }
  | { type: 'E'; rows: Record<string, number> }

const headBytes = 5
/** Of a frame that must be whole before it is read: far more than the longest list of migrations or columns. */
const maxJsonBytes = 4 * 1024 * 1024

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
 * The frames of a backup, from its header to its end, in time that grows with the file and memory that does not.
 * @throws AppError `validation_failed` for what is no backup, was cut off or was changed, as soon as that shows.
 */
export async function* readFrames(path: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Frame> {
  const hash = createHash('sha256')
  let [first, ended] = [true, false]
  for await (const { type, head, payload } of split(path, pieces)) {
    if (ended || first !== (type === 'H')) throw refusal(path, first ? 'is not a backup of QueueUp' : 'was changed')
    first = false
    if (type === 'E') {
      const { rows, sha256 } = read(endSchema, path, payload)
      if (sha256 !== hash.digest('hex')) throw refusal(path, 'was changed')
      ended = true
      yield { type, rows }
      continue
    }
    if (head) hash.update(head)
    hash.update(payload)
    if (type === 'H') yield { type, header: read(headerSchema, path, payload) }
    else if (type === 'T') yield { type, table: read(tableSchema, path, payload) }
    else if (payload.length > 0) yield { type: 'D', rows: payload }
  }
  if (!ended) throw refusal(path, first ? 'is not a backup of QueueUp' : 'was cut off')
}

interface Part {
  type: string
  /** Only with the first part of a frame. */
  head: Buffer | undefined
  payload: Buffer
}

/** Frames of rows are handed on as they come in, all others whole. */
async function* split(path: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let gathered: Buffer[] = []
  let bytes = 0
  let needed = headBytes
  let rowsLeft = 0
  for await (const piece of pieces) {
    gathered.push(piece)
    bytes += piece.length
    // Joined only once there is enough, so that no byte is copied more than a few times.
    if (bytes < needed && rowsLeft === 0) continue
    let rest = gathered.length === 1 ? piece : Buffer.concat(gathered)
    needed = headBytes
    while (rest.length > 0) {
      if (rowsLeft > 0) {
        const payload = rest.subarray(0, rowsLeft)
        rowsLeft -= payload.length
        rest = rest.subarray(payload.length)
        yield { type: 'D', head: undefined, payload }
        continue
      }
      if (rest.length < headBytes) break
      const [type, head, length] = [rest.toString('latin1', 0, 1), rest.subarray(0, headBytes), rest.readUInt32BE(1)]
      if (!'HTDE'.includes(type)) throw refusal(path, 'is not a backup of QueueUp, or was changed')
      if (type === 'D') {
        rowsLeft = length
        rest = rest.subarray(headBytes)
        yield { type, head, payload: Buffer.alloc(0) }
        continue
      }
      needed = headBytes + length
      if (length > maxJsonBytes) throw refusal(path, 'was changed')
      if (rest.length < needed) break
      yield { type, head, payload: rest.subarray(headBytes, needed) }
      rest = rest.subarray(needed)
      needed = headBytes
    }
    gathered = rest.length > 0 ? [rest] : []
    bytes = rest.length
  }
  if (bytes > 0 || rowsLeft > 0) throw refusal(path, 'was cut off')
}

function read<T>(schema: z.ZodType<T>, path: string, payload: Buffer): T {
  try {
    return schema.parse(JSON.parse(payload.toString()))
  } catch (error) {
    throw refusal(path, 'was changed, or is not a backup that this version of QueueUp can read', error)
  }
}

export function refusal(path: string, what: string, cause?: unknown): AppError {
  return new AppError('validation_failed', `${path} ${what}. Nothing of it was restored.`, { cause })
}
