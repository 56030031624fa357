import { resolve } from 'node:path'
import type { CommandResult } from '../../platform/cli/run-command.ts'
import { type Inspection, withInspection } from '../../platform/cli/with-inspection.ts'
import { ConfigError, readConfig } from '../../platform/config.ts'
import { findSecretKey, keepSecretKey } from '../../platform/process/load-secret-key.ts'
import { examine } from '../doctor/examine.ts'
import { checkBackup, chooseSecretKey, restoreBackup } from './restore-backup.ts'
import { writeBackup } from './write-backup.ts'

export async function backup(
  { config, url, secrets, secretKey, stopping }: Inspection,
  { file, withSecretKey = false }: { file: string; withSecretKey?: boolean },
): Promise<CommandResult> {
  requireEmbedded(config.databaseUrl)
  if (withSecretKey && secretKey === undefined) throw new ConfigError('There is no SECRET_KEY to put into the backup.')
  const path = resolve(file)
  const rows = await writeBackup(path, {
    ...{ url, stopping, secretVersions: secrets?.versions ?? [] },
    secretKey: withSecretKey ? secretKey : undefined,
  })
  const count = Object.values(rows).reduce((sum, count) => sum + count, 0)
  const key = withSecretKey
    ? 'It holds SECRET_KEY too: whoever has the file has everything.'
    : 'It does not hold SECRET_KEY, without which it is of no use: keep that (the file secret-key in DATA_DIR, unless you set it) elsewhere.'
  return { json: { file: path, rows, secret_key: withSecretKey }, text: `${path} holds ${count} rows. ${key}` }
}

/** The file is read to its end before DATA_DIR is touched. */
export async function restore({ file }: { file: string }): Promise<CommandResult> {
  const { config, secrets: given } = readConfig()
  requireEmbedded(config.databaseUrl)
  const checked = await checkBackup(resolve(file))
  const { keep } = chooseSecretKey(checked, findSecretKey(config.dataDir, given), given.secretKeyPrevious)
  if (keep !== undefined) keepSecretKey(config.dataDir, keep)
  await withInspection(({ url, log }) => restoreBackup(url, log, checked))
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

function requireEmbedded(databaseUrl: string | undefined): void {
  if (databaseUrl !== undefined)
    throw new ConfigError(
      'DATABASE_URL is set: back up and restore your own PostgreSQL with its tools, pg_dump and pg_restore.',
    )
}
