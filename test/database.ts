import { readFileSync, statSync } from 'node:fs'
import pg from 'pg'
import pino from 'pino'
import { inject } from 'vitest'
import type { Database } from '../src/platform/db/database.ts'
import { openDatabase } from '../src/platform/db/open-database.ts'
import { randomBase62 } from '../src/platform/secrets.ts'

export interface TestDatabase {
  /** As the application sees it. */
  database: Database
  /** As jobs see it: the tables' owner, who steps behind the row-level wall to work for one organisation. */
  jobs: Database
  /** The cluster's owner, past every wall: for what a test itself arranges and looks at. The product has no use for it. */
  owner: Omit<Database, 'run'>
  /** A superuser's way in. */
  url: string
  /** One more pool under the application's role, as another process has. */
  another(): Database
  drop(): Promise<void>
}

const log = pino({ level: 'silent' })

/** A database of its own, migrated and empty, in milliseconds. */
export async function makeDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBase62(12).toLowerCase()}`
  const url = inject('postgresUrl').replace(/queueup$/, name)
  await copyTemplate(name)
  const database = openDatabase({ url, role: 'queueup_app', maxConnections: 10, log })
  const jobs = openDatabase({
    url,
    role: 'queueup_owner',
    rowLevelRole: 'queueup_app',
    maxConnections: 4,
    log,
  })
  const owner = openDatabase({ url, role: undefined, maxConnections: 4, log })
  return {
    database,
    jobs,
    owner,
    url,
    another: () => openDatabase({ url, role: 'queueup_app', maxConnections: 10, log }),
    async drop() {
      await database.close().catch(() => undefined)
      await jobs.close()
      await owner.close()
      await administer(`drop database ${name} with (force)`)
    },
  }
}

/** From now on: what the cluster of the run has written into its log since, whoever's database it was about. */
export function readPostgresLog(): () => string {
  const file = inject('postgresLog')
  const from = statSync(file).size
  return () => readFileSync(file).subarray(from).toString()
}

const objectInUse = '55006'

/** PostgreSQL copies no database that somebody is connected to, as a test of connecting is: it waits five seconds by itself. */
async function copyTemplate(name: string, triesLeft = 5): Promise<void> {
  try {
    await administer(`create database ${name} template queueup strategy wal_log`)
  } catch (error) {
    if (triesLeft === 0 || !(error instanceof pg.DatabaseError) || error.code !== objectInUse) throw error
    await copyTemplate(name, triesLeft - 1)
  }
}

async function administer(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl').replace(/queueup$/, 'postgres') })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}
