import { sql } from 'kysely'
import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import { countUpTo } from '../../platform/db/count-up-to.ts'
import { activeKeyCount } from '../api-keys/active-key-count.ts'

/** What of the plan an organisation uses. */
export async function countUse(ctx: Context): Promise<{ waitlists: number; members: number; keys: number }> {
  requireRole(ctx, 'owner')
  return inSnapshot(ctx, async (ctx) => {
    const id = ctx.organisation.id
    const { keys } = await activeKeyCount(ctx).executeTakeFirstOrThrow()
    const { rows } = await sql<{ waitlists: number; members: number }>`select
      ${countUpTo(sql`select from waitlists where organisation_id = ${id} and archived_at is null`)} as waitlists,
      ${countUpTo(sql`select from members where organisation_id = ${id}`)} as members`.execute(ctx.sql)
    return { keys, waitlists: rows[0]?.waitlists ?? 0, members: rows[0]?.members ?? 0 }
  })
}
