import { sql } from 'kysely'
import type { Check } from './check.ts'

interface Reference {
  name: string
  child: string
  parent: string
  columns: string[]
  parent_columns: string[]
}

/** Kept by triggers, for speed. */
const withoutForeignKey: Reference[] = [
  {
    name: 'subscribers_waitlists',
    child: 'subscribers',
    parent: 'waitlists',
    columns: ['organisation_id', 'waitlist_id'],
    parent_columns: ['organisation_id', 'id'],
  },
  ...[
    { child: 'activities', parent: 'organisation_counters' },
    { child: 'activity_hashes', parent: 'activity_chains' },
  ].map(({ child, parent }) => ({
    name: `${child}_${parent}`,
    ...{ child, parent, columns: ['organisation_id'], parent_columns: ['organisation_id'] },
  })),
]

/** Every foreign key, looked after anew: a restore or a superuser may pass by it. */
export const orphansCheck: Check = {
  name: 'orphans',
  async find({ sql: db }) {
    const { rows } = await sql<Reference>`
      select k.conname as name, k.conrelid::regclass::text as child, k.confrelid::regclass::text as parent,
        array(select a.attname::text from unnest(k.conkey) with ordinality c(number, n) join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.number order by c.n) as columns,
        array(select a.attname::text from unnest(k.confkey) with ordinality c(number, n) join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.number order by c.n) as parent_columns
      from pg_constraint k where k.contype = 'f' and k.connamespace = 'public'::regnamespace order by 2, 1`.execute(db)
    const found: string[] = []
    for (const { child, parent, columns, parent_columns } of [...rows, ...withoutForeignKey]) {
      const pairs = columns.map((column, i) => sql`p.${sql.ref(parent_columns[i] ?? '')} = c.${sql.ref(column)}`)
      const given = columns.map((column) => sql`c.${sql.ref(column)} is not null`)
      const { rows: counts } = await sql<{ count: number }>`
        select count(*) from ${sql.table(child)} c where ${sql.join(given, sql` and `)}
          and not exists (select from ${sql.table(parent)} p where ${sql.join(pairs, sql` and `)})`.execute(db)
      const count = counts[0]?.count ?? 0
      if (count > 0)
        found.push(`${count} rows of ${child} belong to ${parent} that are not there (${columns.join(', ')}).`)
    }
    return found
  },
}
