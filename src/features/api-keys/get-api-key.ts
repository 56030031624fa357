import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { ApiKey } from './api-key.ts'
import { readApiKeys, toApiKey } from './read-api-keys.ts'

/** One key of the organisation, active or revoked. */
export async function findApiKey(ctx: Context, id: string): Promise<ApiKey | undefined> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const row = await readApiKeys(ctx).where('k.id', '=', id).executeTakeFirst()
    return row && toApiKey(ctx, row)
  })
}

/** @throws AppError `not_found`. */
export async function getApiKey(ctx: Context, id: string): Promise<ApiKey> {
  const key = await findApiKey(ctx, id)
  if (!key) throw new AppError('not_found', 'There is no such API key.')
  return key
}
