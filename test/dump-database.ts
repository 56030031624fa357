import { type Kysely, sql } from 'kysely'
import type { Tables } from '../src/platform/db/tables.ts'

/** Every row of every table, as a backup would hold it. */
export async function dumpDatabase(kysely: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{
    name: string
  }>`select tablename as name from pg_tables where schemaname = 'public'`.execute(kysely)
  const tables = await Promise.all(rows.map(({ name }) => sql`select * from ${sql.table(name)}`.execute(kysely)))
  return tables
    .map((table) =>
      JSON.stringify(table.rows, (_, value) =>
        value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
      ),
    )
    .join('\n')
}
