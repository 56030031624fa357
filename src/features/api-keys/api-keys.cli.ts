import { type CommandResult, toTable } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { createApiKey } from './create-api-key.ts'
import { listAllApiKeys } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'

export async function keyCreate(ctx: Context, options: { name: string; scope: string[] }): Promise<CommandResult> {
  const key = await createApiKey(ctx, { name: options.name, scopes: options.scope })
  if (!key.created) throw new Error('a command makes a key of its own each time')
  return {
    json: { id: key.id, key: key.secret, prefix: key.prefix, scopes: key.scopes },
    text: `${key.secret}\nThis is the only time the key ${key.id} is shown.`,
  }
}

export async function keyList(ctx: Context): Promise<CommandResult> {
  const keys = [...(await listAllApiKeys(ctx, 'active')), ...(await listAllApiKeys(ctx, 'revoked'))]
  return {
    json: { items: keys },
    text: toTable(
      keys.map((key) => ({
        id: key.id,
        name: key.name,
        key: key.prefix,
        scopes: key.scopes.join(','),
        last_used: key.last_used_at?.toISOString() ?? 'never',
        state: key.revoked_at ? 'revoked' : key.awaits_renewal ? 'active, hash not renewed yet' : 'active',
      })),
      'There are no keys.',
    ),
  }
}

export async function keyRevoke(ctx: Context, id: string): Promise<CommandResult> {
  const { name, revoked } = await revokeApiKey(ctx, id)
  return {
    json: { id, revoked: true, changed: revoked },
    text: revoked ? `${name} is revoked.` : `${name} was revoked already.`,
  }
}
