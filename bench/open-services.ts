import pg from 'pg'
import { readConfig } from '../src/platform/config.ts'
import { openDatabase } from '../src/platform/db/open-database.ts'
import { ensureRoles } from '../src/platform/db/roles.ts'
import { makeLog } from '../src/platform/log/make-log.ts'
import { makeMailer } from '../src/platform/mail/make-mailer.ts'
import { loadSecrets } from '../src/platform/process/load-secret-key.ts'
import { makeServices } from '../src/platform/process/make-services.ts'
import type { Services } from '../src/platform/services.ts'

/** The product's own services on a database that a server has prepared: as many connections, the same lesser role. */
export async function openServices(
  databaseUrl: string,
  env: NodeJS.ProcessEnv,
): Promise<{ services: Services; close(): Promise<void> }> {
  const { config, secrets } = readConfig(env)
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { app } = await ensureRoles(client)
  await client.end()
  const log = makeLog('error', 'stderr')
  const db = openDatabase({ url: databaseUrl, role: app, maxConnections: 10, log })
  return makeServices({ config, secrets: loadSecrets(config.dataDir, secrets), db, mailer: makeMailer(config), log })
}
