import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { AppError } from '../../platform/errors.ts'
import type { Secrets } from '../../platform/secrets.ts'
import { type Frame, readFrames, refusal } from './backup-file.ts'
import { BrokenSeal, type Envelope, maxEnvelopeBytes, openSealed, parseEnvelope } from './sealed-file.ts'

/** A backup as its file names it; undefined is the envelope of version 1, which was neither encrypted nor authenticated. */
export interface BackupFile {
  path: string
  envelope: Envelope | undefined
}

const gzipBeginning = Buffer.from([0x1f, 0x8b])

/** Looks at the beginning of a file. @throws AppError `validation_failed` for what is no backup. */
export async function findBackup(path: string): Promise<BackupFile> {
  const beginning = await readBeginning(path)
  const envelope = parseEnvelope(beginning)
  if (envelope || beginning.subarray(0, 2).equals(gzipBeginning)) return { path, envelope }
  throw refusal(path, 'is not a backup of QueueUp, or was cut off')
}

/**
 * The frames of a backup. Of a sealed one nothing is handed on that is not authentic; `secrets` must know its key.
 * @throws AppError `validation_failed` for what was cut off, was changed or is another file by now.
 */
export async function* openBackup({ path, envelope }: BackupFile, secrets: Secrets | undefined): AsyncGenerator<Frame> {
  if (envelope) await requireSame(path, envelope)
  const file = createReadStream(path, { start: envelope?.line.length ?? 0 })
  const gunzip = createGunzip()
  try {
    yield* readFrames(path, piped(envelope ? openSealed(secrets, envelope, file) : file, gunzip))
  } catch (error) {
    throw inWords(path, error)
  } finally {
    gunzip.destroy()
    file.destroy()
  }
}

/** What comes out of a gunzip, no faster than it is read; what goes wrong before it goes wrong here. */
async function* piped(bytes: AsyncIterable<Buffer>, gunzip: ReturnType<typeof createGunzip>): AsyncGenerator<Buffer> {
  const feed = async () => {
    for await (const piece of bytes) {
      if (gunzip.destroyed) return
      if (!gunzip.write(piece))
        await new Promise<void>((resolve) => gunzip.once('drain', resolve).once('close', resolve))
    }
    gunzip.end()
  }
  feed().catch((error: Error) => gunzip.destroy(error))
  yield* gunzip
}

/** The file may have been replaced since its envelope was read. */
async function requireSame(path: string, { line }: Envelope): Promise<void> {
  const beginning = await readBeginning(path)
  if (!beginning.subarray(0, line.length).equals(line)) throw refusal(path, 'was changed while it was read')
}

async function readBeginning(path: string): Promise<Buffer> {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxEnvelopeBytes), 0, maxEnvelopeBytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw inWords(path, error)
  }
}

function inWords(path: string, error: unknown): unknown {
  if (error instanceof BrokenSeal) return refusal(path, 'was cut off or was changed', error)
  const code = error instanceof Error && 'code' in error ? error.code : ''
  if (code === 'Z_BUF_ERROR') return refusal(path, 'was cut off')
  if (code === 'Z_DATA_ERROR')
    return refusal(path, /header/.test(String(error)) ? 'is not a backup of QueueUp' : 'was changed')
  if (error instanceof Error && 'syscall' in error)
    return new AppError('validation_failed', `${path} cannot be read: ${error.message}.`)
  return error
}
