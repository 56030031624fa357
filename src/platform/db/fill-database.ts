import pg from 'pg'
import type { Logger } from 'pino'
import { ConfigError } from '../config.ts'
import { copyIn } from './copy-rows.ts'
import { tableText } from './dump-tables.ts'
import { type AppliedMigration, migrate } from './migrate.ts'
import { connectionOptions } from './open-database.ts'

export interface FillingTable {
  name: string
  columns: string[]
  rows: AsyncIterable<Buffer>
}

/**
 * Makes an empty database what another one was: its migrations, its rows in one transaction, then what this version has on
 * top of them. Answers how many rows each table took.
 * @throws ConfigError where the database is not empty.
 */
export async function fillDatabase(
  url: string,
  log: Logger,
  migrations: AppliedMigration[],
  tables: AsyncIterable<FillingTable>,
): Promise<Map<string, number>> {
  const client = new pg.Client({ connectionString: url, options: connectionOptions(undefined) })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await requireEmpty(client, migrations)
    await migrate(url, log, migrations.at(-1)?.number ?? 0)
    const filled = await fill(client, tables)
    await migrate(url, log)
    await client.query('analyze')
    return filled
  } finally {
    await client.end()
  }
}

/** Empty is what nothing was ever started on, or what a restore that broke off has left. */
async function requireEmpty(client: pg.Client, migrations: AppliedMigration[]): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('public.installation') is not null as there",
  )
  if (!rows[0]?.there) return
  const used = await client.query(
    'select from installation union all select from organisations union all select from users',
  )
  const applied = await client.query('select from schema_migrations')
  if (used.rowCount !== 0 || (applied.rowCount ?? 0) > migrations.length)
    throw new ConfigError('There is a database in DATA_DIR already. A backup is restored into an empty DATA_DIR.')
}

async function fill(client: pg.Client, tables: AsyncIterable<FillingTable>): Promise<Map<string, number>> {
  const filled = new Map<string, number>()
  await client.query('begin')
  // Counts, logs and references were made with the rows, and come with them.
  await client.query('set local session_replication_role = replica')
  for await (const { name, columns, rows } of tables)
    filled.set(name, await copyIn(client, `copy ${tableText(name, columns)} from stdin`, rows))
  await client.query(`do $$
    declare v record; begin
      for v in select c.oid::regclass::text as name, a.attname as identity from pg_class c join pg_attribute a on a.attrelid = c.oid
               where c.relnamespace = 'public'::regnamespace and a.attidentity <> '' loop
        execute format('select setval(pg_get_serial_sequence(%L, %L), coalesce(max(%I), 0) + 1, false) from %s', v.name, v.identity, v.identity, v.name);
      end loop;
    end $$`)
  await client.query('commit')
  return filled
}
