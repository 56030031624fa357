import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import type { Logger } from 'pino'
import { packageRoot } from '../files/package-root.ts'
import { closeDatabase } from './close-database.ts'
import { connectionOptions } from './open-database.ts'
import { type DatabaseRoles, ensureRoles } from './roles.ts'

interface Migration {
  number: number
  name: string
  sql: string
  checksum: string
}

/** Why a database cannot be used, in a sentence for whoever starts the product. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

const migrationsFolder = new URL('migrations/', packageRoot)
const oldestServer = 150_000

/**
 * Brings a database up to this version: roles, then each new migration in a transaction of its own. Any number of processes
 * may do so at once. With `through`, no further than to the migration of that number.
 * @throws MigrationError for a server before 15, a database that is not in UTF8, a database newer than this code, or a migration edited after it was applied.
 */
export async function migrate(url: string, log: Logger, through = Number.POSITIVE_INFINITY): Promise<DatabaseRoles> {
  const client = new pg.Client({ connectionString: url, options: connectionOptions(undefined) })
  client.on('error', (error) => log.warn({ err: error }, 'the connection for migrations broke'))
  await client.connect()
  try {
    await requireServer(client)
    const waiting = setTimeout(() => log.info('waiting for another process that migrates this database'), 3_000)
    await client.query("select pg_advisory_lock(hashtext('queueup migrations'))").finally(() => clearTimeout(waiting))
    const roles = await ensureRoles(client)
    if (!roles.app) log.warn('the database login may not create roles: its tables are protected by triggers alone')
    const quote = (role: string | undefined) => (role ? pg.escapeIdentifier(role) : 'current_user')
    await closeDatabase(client, roles)
    if (roles.owner) {
      await client.query(`set role ${quote(roles.owner)}`)
      // The database may belong to that role, and not to the login.
      await closeDatabase(client, roles)
    }
    await client.query(`create table if not exists schema_migrations (
      number integer primary key, name text not null, checksum text not null, applied_at timestamptz not null default clock_timestamp())`)
    await client.query('create table if not exists schema_roles (owner_role text, app_role text)')
    await client.query('insert into schema_roles select $1, $2 where not exists (select from schema_roles)', [
      roles.owner,
      roles.app,
    ])
    for (const migration of pending(await readApplied(client)).filter(({ number }) => number <= through)) {
      const text = migration.sql.replaceAll(':app_role', quote(roles.app)).replaceAll(':owner_role', quote(roles.owner))
      await client.query('begin')
      await client.query(text)
      await client.query('insert into schema_migrations (number, name, checksum) values ($1, $2, $3)', [
        migration.number,
        migration.name,
        migration.checksum,
      ])
      await client.query('commit')
      log.info({ migration: migration.name }, 'migrated')
    }
    if (roles.app) await client.query(`grant select on schema_migrations, schema_roles to ${quote(roles.app)}`)
    return roles
  } finally {
    await client.end()
  }
}

/** A migration that a database has. */
export interface AppliedMigration {
  number: number
  name: string
  checksum: string
}

const appliedQuery = 'select number, name, checksum from schema_migrations order by number'

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  return (await client.query<AppliedMigration>(appliedQuery)).rows
}

/** The names of the migrations that a database still lacks, all where it has none. @throws MigrationError as `migrate` does. */
export async function findPending(query: (text: string) => Promise<unknown[]>): Promise<string[]> {
  const [there] = (await query("select to_regclass('public.schema_migrations') as name")) as { name: string | null }[]
  const applied = there?.name ? ((await query(appliedQuery)) as AppliedMigration[]) : []
  return pending(applied).map(({ name }) => name)
}

/** Those that come after what was applied. @throws MigrationError for a database newer than this code, or a migration edited after it was applied. */
function pending(rows: AppliedMigration[]): Migration[] {
  const migrations = readMigrations()
  const ours = (applied: { number: number }) => migrations.find((migration) => migration.number === applied.number)
  const newer = rows.find((applied) => !ours(applied))
  if (newer) {
    throw new MigrationError(
      `The database is newer than this version of QueueUp: it has migration ${newer.name}. Start the newer version.`,
    )
  }
  const edited = rows.find((applied) => ours(applied)?.checksum !== applied.checksum)
  if (edited) {
    throw new MigrationError(
      `Migration ${edited.name} was edited after it was applied to this database. Restore the file.`,
    )
  }
  return migrations.filter((migration) => !rows.some((applied) => applied.number === migration.number))
}

/** Whether this version would have made those, and no others before them. */
export function areOurs(applied: AppliedMigration[]): boolean {
  const ours = readMigrations()
  return applied.every(({ name, checksum }, i) => ours[i]?.name === name && ours[i]?.checksum === checksum)
}

export function readMigrations(folder: URL = migrationsFolder): Migration[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}_.*\.sql$/.test(name))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8')
      return { number: Number(name.slice(0, 4)), name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
}

async function requireServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number; encoding: string }>(
    "select current_setting('server_version_num')::integer as version, current_setting('server_encoding') as encoding",
  )
  const { version = 0, encoding } = rows[0] ?? {}
  if (version < oldestServer) throw new MigrationError('QueueUp needs PostgreSQL 15 or newer.')
  if (encoding !== 'UTF8')
    throw new MigrationError(
      `QueueUp needs a database in UTF8, and this one is in ${encoding}. Make another one: create database queueup encoding 'UTF8' template template0 locale 'C.UTF-8'`,
    )
}
