import pg from 'pg'
import { copyOut } from './copy-rows.ts'
import type { AppliedMigration } from './migrate.ts'
import { connectionOptions } from './open-database.ts'

/** One table of a dump, its rows as PostgreSQL's COPY writes them. */
export interface DumpedTable {
  name: string
  columns: string[]
  /** Ends with the number of rows. */
  rows: AsyncGenerator<Buffer, number>
}

export interface Dump {
  madeAt: Date
  migrations: AppliedMigration[]
  /** Which SECRET_KEY it was made with; null where nothing was started on it. */
  secretVersion: string | null
  tables: AsyncGenerator<DumpedTable>
}

/** What every database has for itself: its own roles, and limits that are full again in a minute. */
const own = ['schema_migrations', 'schema_roles']

/** Reads every table as of one moment, while others write. `url` leads to whoever may read everything. */
export async function withDump<T>(url: string, work: (dump: Dump) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, options: connectionOptions(undefined) })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const { rows: migrations } = await client.query<AppliedMigration>(
      'select number, name, checksum from schema_migrations order by number',
    )
    const { rows } = await client.query<{ at: Date; secret_version: string | null }>(
      'select clock_timestamp() as at, (select secret_version from installation) as secret_version',
    )
    const { at: madeAt, secret_version: secretVersion } = rows[0] ?? { at: new Date(0), secret_version: null }
    return await work({ madeAt, migrations, secretVersion, tables: dumpTables(client) })
  } finally {
    await client.end()
  }
}

async function* dumpTables(client: pg.Client): AsyncGenerator<DumpedTable> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relpersistence = 'p'
       and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and c.relname <> all ($1)
     group by 1 order by 1`,
    [own],
  )
  for (const { name, columns } of rows)
    yield { name, columns, rows: copyOut(client, `copy ${tableText(name, columns)} to stdout`) }
}

export function tableText(name: string, columns: string[]): string {
  return `public.${pg.escapeIdentifier(name)} (${columns.map((column) => pg.escapeIdentifier(column)).join(', ')})`
}
