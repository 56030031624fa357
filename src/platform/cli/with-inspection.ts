import type { Logger } from 'pino'
import { type Config, readConfig } from '../config.ts'
import type { Database } from '../db/database.ts'
import { openDatabase } from '../db/open-database.ts'
import { prepareDatabase } from '../db/prepare-database.ts'
import type { DatabaseRoles } from '../db/roles.ts'
import { makeLog } from '../log/make-log.ts'
import { becomeOwner } from '../process/become-owner.ts'
import { findSecretKey } from '../process/load-secret-key.ts'
import { makeSecrets, type Secrets } from '../secrets.ts'
import { requireData } from './require-data.ts'
import { heedingSignals } from './with-services.ts'

/** A database as it is, past the row-level wall, for who looks and changes nothing. */
export interface Inspection {
  config: Config
  /** The login's way to it. */
  url: string
  log: Logger
  db: Database
  roles: DatabaseRoles
  /** Undefined where there is no SECRET_KEY at all. */
  secrets: Secrets | undefined
  secretKey: string | undefined
  stopping: AbortSignal
}

/** Opens the database for looking at it: nothing is migrated, no secret is made, and none has to fit. */
export function withInspection<T>(
  work: (inspection: Inspection) => Promise<T>,
  { begins = false }: { begins?: boolean } = {},
): Promise<T> {
  return heedingSignals(async (stopping) => {
    const { config, secrets: given } = readConfig()
    becomeOwner(config.dataDir)
    requireData(config, { begins, isQuiet: true })
    const log = makeLog(config.logLevel === 'info' ? 'error' : config.logLevel, 'stderr')
    const database = await prepareDatabase(config, undefined, log, 'inspection', stopping)
    const { roles } = database
    const db = openDatabase({ url: database.url, role: roles.owner, maxConnections: 2, log })
    try {
      stopping.throwIfAborted()
      const secretKey = findSecretKey(config.dataDir, given)
      const secrets = secretKey === undefined ? undefined : makeSecrets(secretKey, given.secretKeyPrevious)
      return await work({ config, url: database.url, log, db, roles, secrets, secretKey, stopping })
    } finally {
      await db.close()
      await database.stop()
    }
  })
}
