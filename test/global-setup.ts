import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../src/platform/db/embedded/start-embedded-postgres.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { openDatabase } from '../src/platform/db/open-database.ts'
import { figuresTable } from './figures.ts'
import { listTenantTables } from './tenant-statements.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser's way to the cluster of this run. */
    postgresUrl: string
    /** What that cluster writes about itself. */
    postgresLog: string
    /** Where tests add their figures. */
    figuresFile: string
    /** The tables whose rows belong to an organisation. */
    tenantTables: string[]
  }
}

/** One cluster for the whole run, with a migrated database that tests copy. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'queueup-test-'))
  // Open to the user that PostgreSQL runs as when root runs the tests.
  chmodSync(dataDir, 0o711)
  const log = pino({ level: 'warn' })
  const postgres = await startEmbeddedPostgres({ dataDir, log, durable: false })
  await migrate(postgres.url, log)
  const client = new pg.Client({ connectionString: postgres.url.replace(/queueup$/, 'postgres') })
  await client.connect()
  await client.query('alter database queueup is_template true')
  await client.end()
  const template = openDatabase({ url: postgres.url, role: undefined, maxConnections: 1, log })
  project.provide('tenantTables', await listTenantTables(template))
  await template.close()
  const figuresFile = join(dataDir, 'figures.jsonl')
  project.provide('postgresUrl', postgres.url)
  project.provide('postgresLog', join(dataDir, 'pg', 'postgres.log'))
  project.provide('figuresFile', figuresFile)
  return async () => {
    await postgres.stop()
    const table = figuresTable(figuresFile)
    if (table) process.stdout.write(`\nWhat was tried:\n\n${table}\n`)
    rmSync(dataDir, { recursive: true, force: true })
  }
}
