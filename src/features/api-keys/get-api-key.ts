import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { ApiKey } from './api-key.ts'
import { listApiKeys } from './list-api-keys.ts'

/** One key of the organisation, active or revoked. @throws AppError `not_found`. */
export async function getApiKey(ctx: Context, id: string): Promise<ApiKey> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const keys = [...(await listApiKeys(ctx, 'active')), ...(await listApiKeys(ctx, 'revoked'))]
    const key = keys.find((candidate) => candidate.id === id)
    if (!key) throw new AppError('not_found', 'There is no such API key.')
    return key
  })
}
