import { resolve } from 'node:path'
import type { CommandResult } from '../../platform/cli/run-command.ts'
import { type Inspection, withInspection } from '../../platform/cli/with-inspection.ts'
import { ConfigError, readConfig } from '../../platform/config.ts'
import { AppError } from '../../platform/errors.ts'
import { becomeOwner } from '../../platform/process/become-owner.ts'
import { findSecretKey, keepSecretKey } from '../../platform/process/load-secret-key.ts'
import { examine } from '../doctor/examine.ts'
import { findBackup } from './open-backup.ts'
import { checkBackup, chooseKey, requireUsable, restoreBackup } from './restore-backup.ts'
import { writeBackup } from './write-backup.ts'

export async function backup(
  { config, url, secrets, secretKey, stopping }: Inspection,
  { file, withSecretKey = false }: { file: string; withSecretKey?: boolean },
): Promise<CommandResult> {
  requireEmbedded(config.databaseUrl)
  if (!secrets)
    throw new ConfigError('There is no SECRET_KEY to encrypt the backup with. Set it, or start the server once.')
  const path = resolve(file)
  const rows = await writeBackup(path, { url, stopping, secrets, secretKey: withSecretKey ? secretKey : undefined })
  const count = Object.values(rows).reduce((sum, count) => sum + count, 0)
  const key = withSecretKey
    ? 'It holds SECRET_KEY too: anybody who has the file can read everything in it, change it, and act as this server.'
    : 'It is encrypted under SECRET_KEY and cannot be restored without it: keep that (the file secret-key in DATA_DIR, unless you set it) somewhere else.'
  return { json: { file: path, rows, secret_key: withSecretKey }, text: `${path} holds ${count} rows. ${key}` }
}

/** The file is read to its end, and authenticated, before DATA_DIR is touched. */
export async function restore({
  file,
  unauthenticated = false,
}: {
  file: string
  unauthenticated?: boolean
}): Promise<CommandResult> {
  const { config, secrets: given } = readConfig()
  requireEmbedded(config.databaseUrl)
  becomeOwner(config.dataDir)
  const found = await findBackup(resolve(file))
  if (!found.envelope && !unauthenticated)
    throw new AppError(
      'conflict',
      `${found.path} was made by an older version of QueueUp and is not authenticated: it may have been changed by anybody who could write it. If you trust it, restore it with --unauthenticated.`,
    )
  const key = chooseKey(found, findSecretKey(config.dataDir, given), given.secretKeyPrevious)
  const checked = await checkBackup(found, key.secrets)
  const keep = requireUsable(checked).keep ?? key.keep
  if (!found.envelope || key.keep !== undefined) warn(unproven)
  if (keep !== undefined) keepSecretKey(config.dataDir, keep)
  await withInspection(({ url, log }) => restoreBackup(url, log, checked), { begins: true })
  return withInspection(async ({ db, roles, secrets, stopping }) => {
    const problems = (await examine(db, { roles, secrets }, stopping)).flatMap(({ problems }) => problems)
    const count = Object.values(checked.rows).reduce((sum, count) => sum + count, 0)
    const text = `${config.dataDir} is as it was at ${checked.header.made_at}, ${count} rows.`
    return {
      json: { restored: checked.header.made_at, rows: checked.rows, problems },
      text: problems.length === 0 ? text : [text, 'But something is wrong:', ...problems].join('\n'),
      failed: problems.length > 0,
    }
  })
}

const unproven =
  'Warning: no SECRET_KEY of yours proves that this backup is one you made. Restore it only if nobody else could write the file.'

function warn(line: string): void {
  process.stderr.write(`${line}\n`)
}

function requireEmbedded(databaseUrl: string | undefined): void {
  if (databaseUrl !== undefined)
    throw new ConfigError(
      'DATABASE_URL is set: back up and restore your own PostgreSQL with its tools, pg_dump and pg_restore.',
    )
}
