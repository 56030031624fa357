import { sql } from 'kysely'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'

/**
 * Revokes a key, at once and for good: once this has returned, no request received later succeeds with it in any process,
 * and nothing it was writing commits. Revoking a revoked key changes nothing. Works on every plan.
 * @throws AppError `not_found`, `forbidden`.
 */
export async function revokeApiKey(
  ctx: Context,
  id: string,
): Promise<{ name: string; prefix: string; revoked: boolean }> {
  requireRole(ctx, 'admin')
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const key = await ctx.sql
      .selectFrom('api_keys')
      .select(['id', 'name', 'prefix', 'revoked_at'])
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!key) throw new AppError('not_found', 'There is no such API key.')
    if (key.revoked_at) return { name: key.name, prefix: key.prefix, revoked: false }
    await ctx.sql
      .updateTable('api_keys')
      // Not now(), which is the time before the wait for the counter.
      .set({ revoked_at: sql<Date>`clock_timestamp()`, revoked_by_id: ctx.actor.id, revoked_by_name: ctx.actor.name })
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .execute()
    await recordActivity(ctx, {
      action: 'api_key.revoked',
      targets: [{ type: 'api_key', id: key.id, name: key.name }],
      changes: { before: { revoked: false }, after: { revoked: true } },
    })
    return { name: key.name, prefix: key.prefix, revoked: true }
  })
}
