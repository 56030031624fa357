import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'

/** The e-mail addresses behind subscribers' ids, for display; an id of somebody removed is not in the answer. */
export async function findEmailsOf(ctx: Context, ids: readonly string[]): Promise<Map<string, string>> {
  requireRole(ctx, 'member')
  if (ids.length === 0) return new Map()
  return inSnapshot(ctx, async (ctx) => {
    const rows = await ctx.sql
      .selectFrom('subscribers')
      .select(['id', 'email'])
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', 'in', [...new Set(ids)].map(Number))
      .execute()
    return new Map(rows.map((row) => [String(row.id), row.email]))
  })
}
