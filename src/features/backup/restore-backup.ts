import type { Logger } from 'pino'
import { type FillingTable, fillDatabase } from '../../platform/db/fill-database.ts'
import { areOurs } from '../../platform/db/migrate.ts'
import { AppError } from '../../platform/errors.ts'
import { makeSecrets } from '../../platform/secrets.ts'
import { type BackupHeader, readFrames } from './backup-file.ts'

/** A backup that was read to its end: whole, unchanged, and of this version or one before it. */
export interface CheckedBackup {
  path: string
  header: BackupHeader
  rows: Record<string, number>
}

/** Reads the whole file before anything is made of it. @throws AppError `validation_failed`, `conflict`. */
export async function checkBackup(path: string): Promise<CheckedBackup> {
  let header: BackupHeader | undefined
  for await (const frame of readFrames(path)) {
    if (frame.type === 'H') header = frame.header
    if (frame.type !== 'E' || !header) continue
    if (areOurs(header.migrations)) return { path, header, rows: frame.rows }
    throw new AppError(
      'conflict',
      `${path} was made by a newer version of QueueUp, or by another one. Restore it with that version.`,
    )
  }
  throw new AppError('validation_failed', `${path} was cut off.`)
}

/**
 * Whether the restored database could be used: its SECRET_KEY is at hand, or in the file and then to be kept.
 * @throws AppError `conflict` where it is neither.
 */
export function chooseSecretKey(
  { header }: CheckedBackup,
  known: string | undefined,
  previous?: string,
): { keep?: string } {
  const { secret_version, secret_key } = header
  if (known !== undefined) {
    if (secret_version === null || makeSecrets(known, previous).versions.includes(secret_version)) return {}
    throw new AppError(
      'conflict',
      'SECRET_KEY is not the one this backup was made with. Set the right one, or restore into an empty DATA_DIR.',
    )
  }
  if (secret_key !== undefined) return { keep: secret_key }
  throw new AppError(
    'conflict',
    'The backup does not hold its SECRET_KEY. Set SECRET_KEY, or put the file secret-key of the old DATA_DIR into this one, and restore again.',
  )
}

/** Makes an empty database what the backup says. @throws ConfigError where it is not empty. */
export async function restoreBackup(url: string, log: Logger, { path, header, rows }: CheckedBackup): Promise<void> {
  const filled = await fillDatabase(url, log, header.migrations, readTables(path))
  for (const [name, count] of Object.entries(rows))
    if (filled.get(name) !== count)
      throw new AppError('conflict', `${path} was changed while it was restored: empty DATA_DIR and restore again.`)
}

async function* readTables(path: string): AsyncGenerator<FillingTable> {
  const frames = readFrames(path)
  let { value: frame } = await frames.next()
  while (frame && frame.type !== 'E') {
    const table = frame.type === 'T' ? frame.table : undefined
    const rows = async function* () {
      for (;;) {
        ;({ value: frame } = await frames.next())
        if (frame?.type !== 'D') return
        yield frame.rows
      }
    }
    if (table) yield { ...table, rows: rows() }
    else ({ value: frame } = await frames.next())
  }
}
