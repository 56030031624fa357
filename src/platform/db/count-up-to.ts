import { type RawBuilder, sql } from 'kysely'

/** Rows are counted up to here: past it nobody is told more than that there are more, and nobody waits for a count. */
export const mostCounted = 10_000

/** How many rows a query has, or one more than the most that is counted. */
export function countUpTo(query: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`(select count(*) from (${query} limit ${mostCounted + 1}) counted)`
}
