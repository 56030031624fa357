import type { TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'

/** On every plan. Far more than services anybody has, and few enough for the page to stay quick. */
export const maxActiveKeys = 2000

/** @throws AppError `limit_reached` when the organisation has as many active keys as it may. Revoked ones do not count. */
export async function requireRoomForApiKey(ctx: TransactionContext): Promise<void> {
  const { count } = await ctx.sql
    .selectFrom('api_keys')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('organisation_id', '=', ctx.organisation.id)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  if (count >= maxActiveKeys) throw noRoomForApiKey()
}

export function noRoomForApiKey(): AppError {
  return new AppError(
    'limit_reached',
    `An organisation has ${new Intl.NumberFormat('en').format(maxActiveKeys)} active keys at most. Revoke one that no service uses any more, then create this one.`,
  )
}
