import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import type { ApiKey } from './api-key.ts'

const maxKeys = 1000

/** The organisation's keys, newest first: the active ones, or those revoked. At most 1,000 of each. */
export async function listApiKeys(ctx: Context, which: 'active' | 'revoked'): Promise<ApiKey[]> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const rows = await ctx.sql
      .selectFrom('api_keys as k')
      .leftJoin('api_key_usage as u', (join) =>
        join.onRef('u.api_key_id', '=', 'k.id').onRef('u.organisation_id', '=', 'k.organisation_id'),
      )
      .select([
        'k.id',
        'k.name',
        'k.prefix',
        'k.scopes',
        'k.secret_version',
        'k.created_at',
        'k.created_by_name',
        'k.revoked_at',
        'k.revoked_by_name',
        'u.last_used_at',
        'u.reuse_count',
        'u.reuse_last_at',
        'u.reuse_last_ip',
      ])
      .where('k.organisation_id', '=', ctx.organisation.id)
      .where('k.revoked_at', which === 'active' ? 'is' : 'is not', null)
      .orderBy(which === 'active' ? 'k.created_at' : 'k.revoked_at', 'desc')
      .orderBy('k.id')
      .limit(maxKeys)
      .execute()
    return rows.map(({ secret_version, reuse_count, ...row }) => ({
      ...row,
      reuse_count: reuse_count ?? 0,
      awaits_renewal: secret_version !== ctx.secrets.version,
    }))
  })
}
