import { sql } from 'kysely'
import type { Database } from '../src/platform/db/database.ts'

/** The tables whose rows belong to an organisation. */
export async function listTenantTables({ kysely }: Pick<Database, 'kysely'>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.columns
    where table_schema = 'public' and column_name = 'organisation_id' order by 1`.execute(kysely)
  return rows.map(({ name }) => name)
}

const comparison = String.raw`organisation_id\s*(?:=|in\b|is not distinct)`

/**
 * The tables of tenants that a statement uses without naming the organisation: each must have its `organisation_id` compared,
 * joined or written, under the name that it has in the statement.
 */
export function findUnnamed(statement: string, tables: string[]): string[] {
  const text = statement.replace(/--.*$/gm, '').replaceAll('"', '').toLowerCase()
  const noAlias =
    'on|where|set|values|for|order|group|limit|select|left|cross|inner|join|using|returning|loop|union|then'
  const use = new RegExp(
    String.raw`(insert\s+into|\bfrom|\bjoin|\bupdate|\busing|,)\s+(?:only\s+)?(?:public\.)?(${tables.join('|')})\b(?!\.)(?:\s+(?:as\s+)?(?!(?:${noAlias})\b)([a-z]\w*))?`,
    'g',
  )
  const uses = [...text.matchAll(use)].map(([, verb = '', table = '', alias]) => ({ verb, table, alias }))
  const count = (pattern: string) => [...text.matchAll(new RegExp(pattern, 'g'))].length
  const compared = count(`${comparison}|=\\s*(?:\\w+\\.)?organisation_id|using \\(organisation_id`)
  const inserted = count(String.raw`insert\s+into\s+\w+[^(]*\([^)]*organisation_id`)
  // Joined with one another alone, they would be the rows of everybody.
  const names = uses.flatMap(({ table, alias }) => [table, alias ?? table]).join('|')
  const isAnchored = count(`${comparison}(?!\\s*(?:${names})\\.organisation_id)`) > 0
  return uses
    .filter(({ verb, table, alias }) => {
      if (verb.startsWith('insert')) return inserted < uses.filter((other) => other.verb === verb).length
      if (!isAnchored) return true
      const reads = uses.filter((other) => !other.verb.startsWith('insert')).length
      const name = `\\b${alias ?? table}\\.`
      const isNamed = count(`${name}${comparison}|=\\s*${name}organisation_id|using \\(organisation_id`) > 0
      return !isNamed && (alias !== undefined && reads > 1 ? true : compared < reads)
    })
    .map(({ table }) => table)
}
