import type { CommandList, ListedRow } from '../../platform/cli/command-list.ts'
import type { CommandResult } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { readAllPages } from '../../platform/db/seek.ts'
import { createApiKey } from './create-api-key.ts'
import { listApiKeys } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'

export async function keyCreate(ctx: Context, options: { name: string; scope: string[] }): Promise<CommandResult> {
  const key = await createApiKey(ctx, { name: options.name, scopes: options.scope })
  if (!key.created) throw new Error('a command makes a key of its own each time')
  return {
    json: { id: key.id, key: key.secret, prefix: key.prefix, scopes: key.scopes },
    text: `${key.secret}\nThis is the only time the key ${key.id} is shown.`,
  }
}

/** The active keys, the newest first, then the revoked ones. */
export function keyList(ctx: Context): CommandList {
  return { pages: listedKeys(ctx), empty: 'There are no keys.' }
}

async function* listedKeys(ctx: Context): AsyncGenerator<ListedRow[]> {
  for (const which of ['active', 'revoked'] as const)
    for await (const page of readAllPages((asked) => listApiKeys(ctx, which, asked)))
      yield page.map((key) => ({
        json: key,
        columns: {
          id: key.id,
          name: key.name,
          key: key.prefix,
          scopes: key.scopes.join(','),
          last_used: key.last_used_at?.toISOString() ?? 'never',
          state: key.revoked_at ? 'revoked' : key.awaits_renewal ? 'active, hash not renewed yet' : 'active',
        },
      }))
}

export async function keyRevoke(ctx: Context, id: string): Promise<CommandResult> {
  const { name, revoked } = await revokeApiKey(ctx, id)
  return {
    json: { id, revoked: true, changed: revoked },
    text: revoked ? `${name} is revoked.` : `${name} was revoked already.`,
  }
}
