import type { Logger } from 'pino'
import { type FillingTable, fillDatabase } from '../../platform/db/fill-database.ts'
import { areOurs } from '../../platform/db/migrate.ts'
import { AppError } from '../../platform/errors.ts'
import { makeSecrets, type Secrets } from '../../platform/secrets.ts'
import type { BackupHeader, Frame } from './backup-file.ts'
import { type BackupFile, openBackup } from './open-backup.ts'

/** A backup that was read to its end: whole, authentic where it is sealed, and of this version or one before it. */
export interface CheckedBackup extends BackupFile {
  secrets: Secrets | undefined
  header: BackupHeader
  rows: Record<string, number>
}

/** Which key opens a backup. */
export interface ChosenKey {
  secrets: Secrets | undefined
  /** The key that the file holds, to be kept because none is known here: then nothing else says whose file it is. */
  keep?: string
}

/**
 * The key that a sealed backup is opened with: one that is known here, or else the one in the file.
 * @throws AppError `conflict` where neither fits.
 */
export function chooseKey({ envelope }: BackupFile, known: string | undefined, previous?: string): ChosenKey {
  if (known !== undefined) {
    const secrets = makeSecrets(known, previous)
    if (!envelope || secrets.versions.includes(envelope.secret_version)) return { secrets }
    throw anotherKey()
  }
  if (!envelope) return { secrets: undefined }
  if (envelope.secret_key === undefined) throw noKey()
  return { secrets: makeSecrets(envelope.secret_key), keep: envelope.secret_key }
}

/** Reads the whole file before anything is made of it. @throws AppError `validation_failed`, `conflict`. */
export async function checkBackup(file: BackupFile, secrets: Secrets | undefined): Promise<CheckedBackup> {
  let header: BackupHeader | undefined
  let rows: Record<string, number> | undefined
  for await (const frame of openBackup(file, secrets)) {
    if (frame.type === 'H') header = frame.header
    if (frame.type === 'E') rows = frame.rows
  }
  if (!header || !rows) throw new AppError('validation_failed', `${file.path} was cut off.`)
  if (!areOurs(header.migrations))
    throw new AppError(
      'conflict',
      `${file.path} was made by a newer version of QueueUp, or by another one. Restore it with that version.`,
    )
  return { ...file, secrets, header, rows }
}

/**
 * Whether the restored database could be used: its SECRET_KEY is known, or in a file of version 1 and then to be kept.
 * @throws AppError `conflict` where it is neither.
 */
export function requireUsable({ header, envelope, secrets }: CheckedBackup): { keep?: string } {
  const { secret_version, secret_key } = header
  if (secrets) {
    if (secret_version === null || secrets.versions.includes(secret_version)) return {}
    throw anotherKey()
  }
  if (!envelope && secret_key !== undefined) return { keep: secret_key }
  throw noKey()
}

function anotherKey(): AppError {
  return new AppError(
    'conflict',
    'SECRET_KEY is not the one this backup was made with. Set the right one, or restore into an empty DATA_DIR.',
  )
}

function noKey(): AppError {
  return new AppError(
    'conflict',
    'The backup does not hold its SECRET_KEY. Set SECRET_KEY, or put the file secret-key of the old DATA_DIR into this one, and restore again.',
  )
}

/** Makes an empty database what the backup says. @throws ConfigError where it is not empty. */
export async function restoreBackup(url: string, log: Logger, checked: CheckedBackup): Promise<void> {
  const { path, header, rows, secrets } = checked
  const filled = await fillDatabase(url, log, header.migrations, readTables(openBackup(checked, secrets)))
  for (const [name, count] of Object.entries(rows))
    if (filled.get(name) !== count)
      throw new AppError('conflict', `${path} was changed while it was restored: empty DATA_DIR and restore again.`)
}

/** All of them, or an error before the last one is over. */
async function* readTables(frames: AsyncGenerator<Frame>): AsyncGenerator<FillingTable> {
  let { value: frame } = await frames.next()
  while (frame) {
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
