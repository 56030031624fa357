import { sql } from 'kysely'
import { followChain } from '../activity/verify-activities.ts'
import type { Check } from './check.ts'

/** Every log is without a gap from its tombstone on, rises in time, and fits its chain. */
export const logCheck: Check = {
  name: 'activity log',
  async find({ sql: db }) {
    const found: string[] = []
    for (const { id, slug } of await db.selectFrom('organisations').select(['id', 'slug']).orderBy('id').execute()) {
      const { problem } = await followChain({ sql: db, organisation: { id } })
      if (problem) found.push(`The log of ${slug}: row ${problem.number} ${problem.what}.`)
    }
    const { rows } = await sql<{ organisation_id: string; number: number }>`
      select organisation_id, min(number) as number from (
        select organisation_id, number, occurred_at < lag(occurred_at) over (partition by organisation_id order by number) as falls
        from activities
      ) a where falls group by 1 order by 1`.execute(db)
    for (const { organisation_id, number } of rows)
      found.push(`The log of ${organisation_id}: row ${number} is older than the row before it.`)
    return found
  },
}
