import type { TransactionContext } from '../../platform/context.ts'
import type { ApiKey } from './api-key.ts'

/** The rows of the organisation's keys, with their use; `toApiKey` makes keys of them. */
export function readApiKeys(ctx: TransactionContext) {
  return ctx.sql
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
}

type ApiKeyRow = Awaited<ReturnType<ReturnType<typeof readApiKeys>['execute']>>[number]

export function toApiKey(ctx: TransactionContext, { secret_version, reuse_count, ...row }: ApiKeyRow): ApiKey {
  return { ...row, reuse_count: reuse_count ?? 0, awaits_renewal: secret_version !== ctx.secrets.version }
}
