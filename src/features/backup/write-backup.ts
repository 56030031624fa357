import { linkSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { type Dump, withDump } from '../../platform/db/dump-tables.ts'
import { AppError } from '../../platform/errors.ts'
import { randomBase62, type Secrets } from '../../platform/secrets.ts'
import { type BackupHeader, FrameWriter } from './backup-file.ts'
import { makeEnvelope, sealStream } from './sealed-file.ts'

interface Source {
  /** Leads to whoever may read everything. */
  url: string
  /** The file is encrypted under the current one of them. */
  secrets: Secrets
  /** Kept in the file, readable by anybody who has it. */
  secretKey: string | undefined
  stopping: AbortSignal
}

/**
 * Writes everything in the database, as of the moment it begins, to a file for its owner alone to read, which has its name
 * only when it is whole and on the disk. It is encrypted under SECRET_KEY. Answers how many rows of each table.
 * @throws AppError `conflict` where the file is there already, or SECRET_KEY is not the database's.
 */
export async function writeBackup(path: string, source: Source): Promise<Record<string, number>> {
  const half = `${path}.${randomBase62(6)}.half`
  const file = await open(half, 'wx', 0o600).catch((error: Error) => {
    throw new AppError('validation_failed', `${path} cannot be written: ${error.message}.`, { cause: error })
  })
  try {
    const rows: Record<string, number> = {}
    await withDump(source.url, async (dump) => {
      const frames = Readable.from(toFrames(dump, source, rows), { objectMode: false })
      const gzip = createGzip({ level: constants.Z_BEST_SPEED })
      const write = async (pieces: AsyncIterable<Buffer>) => {
        for await (const piece of pieces) await file.appendFile(piece)
      }
      const envelope = makeEnvelope(source.secrets, source.secretKey)
      const seal = (pieces: AsyncIterable<Buffer>) => sealStream(source.secrets, envelope, pieces)
      await pipeline(frames, gzip, seal, write, { signal: source.stopping })
    })
    await file.sync()
    giveName(half, path)
    return rows
  } finally {
    await file.close()
    await rm(half, { force: true })
  }
}

async function* toFrames(dump: Dump, source: Source, counted: Record<string, number>): AsyncGenerator<Buffer> {
  const { madeAt, migrations, secretVersion } = dump
  // The key that is kept in the file must do alone.
  const versions = source.secretKey === undefined ? source.secrets.versions : [source.secrets.version]
  if (secretVersion !== null && !versions.includes(secretVersion))
    throw new AppError(
      'conflict',
      'SECRET_KEY is not the one this database was made with: a backup under it would be of no use.',
    )
  const writer = new FrameWriter()
  const header: BackupHeader = {
    ...{ format: 'queueup-backup', version: 1, made_at: madeAt.toISOString(), migrations },
    secret_version: secretVersion,
  }
  yield writer.json('H', header)
  for await (const { name, columns, rows } of dump.tables) {
    yield writer.json('T', { name, columns })
    for (let piece = await rows.next(); ; piece = await rows.next()) {
      if (piece.done) {
        counted[name] = piece.value
        break
      }
      yield writer.frame('D', piece.value)
    }
  }
  yield writer.end(counted)
}

/** Never over another file. */
function giveName(half: string, path: string): void {
  try {
    linkSync(half, path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      throw new AppError('conflict', `${path} is there already: name another file.`)
    throw error
  }
}
