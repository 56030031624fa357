import { z } from 'zod'
import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { claimForm } from '../../platform/db/claim-form.ts'
import { isUniqueViolation } from '../../platform/db/unique-violation.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { formNonceSchema } from '../../platform/form-nonce.ts'
import { newId } from '../../platform/ids.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { requireApiAccess } from '../plans/require-api-access.ts'
import type { ApiKey } from './api-key.ts'
import { apiKeyNameKey, apiKeyNameSchema } from './api-key-name.ts'
import { displayPrefix, mintApiKeySecret } from './api-key-secret.ts'
import { requireRoomForApiKey } from './require-room-for-api-key.ts'
import { scopeNames } from './scopes.ts'

const createApiKeyInput = z.strictObject({
  name: apiKeyNameSchema,
  scopes: z
    .array(z.enum(scopeNames, 'There is no such permission.'))
    .min(1, 'Tick at least one permission.')
    .transform((ticked) => scopeNames.filter((scope) => ticked.includes(scope))),
  /** The form's own number: a form that is sent twice makes one key. */
  form_nonce: formNonceSchema.optional(),
})

/** A new key with its secret, which exists only in this answer; or the key that this very form made before. */
type CreatedApiKey =
  | { created: true; id: string; name: string; prefix: string; scopes: string[]; secret: string }
  | { created: false; key: Pick<ApiKey, 'id' | 'name' | 'prefix'> }

/**
 * Mints a key. Exactly one activity; the secret is stored only as a keyed hash.
 * @throws AppError `validation_failed` (also for a name that an active key has), `feature_not_allowed`, `limit_reached`, `forbidden`.
 */
export async function createApiKey(ctx: Context, input: unknown): Promise<CreatedApiKey> {
  requireRole(ctx, 'admin')
  const { name, scopes, form_nonce } = parseInput(createApiKeyInput, input)
  const secret = mintApiKeySecret()
  try {
    return await inTransaction(ctx, async (ctx) => {
      requireRole(ctx, 'admin')
      const key = { id: newId('apiKey'), name, prefix: displayPrefix(secret), scopes }
      const earlierId = await claimForm(ctx, form_nonce, key.id)
      if (earlierId) return { created: false, key: await getEarlier(ctx, earlierId) }
      requireApiAccess(ctx.organisation)
      await requireRoomForApiKey(ctx)
      await ctx.sql
        .insertInto('api_keys')
        .values({
          ...key,
          organisation_id: ctx.organisation.id,
          name_key: apiKeyNameKey(name),
          secret_hash: ctx.secrets.hash('api-key', secret),
          secret_version: ctx.secrets.version,
          created_by_id: ctx.actor.id,
          created_by_name: ctx.actor.name,
        })
        .execute()
      await recordActivity(ctx, {
        action: 'api_key.created',
        targets: [{ type: 'api_key', id: key.id, name }],
        changes: { after: { name, scopes, prefix: key.prefix } },
      })
      return { created: true, ...key, secret }
    })
  } catch (error) {
    if (isUniqueViolation(error, 'api_keys_active_names')) {
      throw fieldError(
        'name',
        'refused',
        `An active key is called “${name}” already. Pick another name, so that the log can tell them apart.`,
      )
    }
    throw error
  }
}

async function getEarlier(ctx: TransactionContext, id: string) {
  return ctx.sql
    .selectFrom('api_keys')
    .select(['id', 'name', 'prefix'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
}

/** What the answer to a form sent twice says. */
export function alreadyCreated(key: Pick<ApiKey, 'name' | 'prefix'>): AppError {
  return new AppError(
    'conflict',
    `The key “${key.name}” (${key.prefix}) was created by this form already. It is not shown again; revoke it below if nobody copied it.`,
  )
}
