import { sql } from 'kysely'
import type { Database } from '../src/platform/db/database.ts'

export type TableDigests = Record<string, { rows: number; digest: string }>

/**
 * How many rows each table has and a sum over their contents, in one statement: of every table but `except`, or the row of
 * one organisation and those that belong to it.
 */
export async function makeDigester(
  { kysely }: Pick<Database, 'kysely'>,
  { except = [] as string[], organisation = '' } = {},
) {
  const { rows: tables } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables t
    where table_schema = 'public' and table_type = 'BASE TABLE' and (${organisation} = '' or table_name = 'organisations' or exists (
      select from information_schema.columns c
      where c.table_schema = t.table_schema and c.table_name = t.table_name and c.column_name = 'organisation_id'))
    order by 1`.execute(kysely)
  const parts = tables
    .filter(({ name }) => !except.includes(name))
    .map(
      ({ name }) => sql`
        select ${name}::text as name, count(*)::int as rows, coalesce(sum(hashtextextended(t::text, 0)), 0)::text as digest
        from ${sql.table(name)} t ${organisation ? sql`where ${sql.ref(name === 'organisations' ? 'id' : 'organisation_id')} = ${organisation}` : sql``}`,
    )
  const query = sql<{ name: string; rows: number; digest: string }>`${sql.join(parts, sql` union all `)}`
  return async (): Promise<TableDigests> => {
    const { rows } = await query.execute(kysely)
    return Object.fromEntries(rows.map(({ name, ...rest }) => [name, rest]))
  }
}
