import type { TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { activeKeyCount } from './active-key-count.ts'

/** On every plan. Far more than services anybody has, and few enough for the page to stay quick. */
export const maxActiveKeys = 2000

/** @throws AppError `limit_reached` when the organisation has as many active keys as it may. Revoked ones do not count. */
export async function requireRoomForApiKey(ctx: TransactionContext): Promise<void> {
  const { keys } = await activeKeyCount(ctx).executeTakeFirstOrThrow()
  if (keys >= maxActiveKeys) throw noRoomForApiKey()
}

export function noRoomForApiKey(): AppError {
  return new AppError(
    'limit_reached',
    `An organisation has ${new Intl.NumberFormat('en').format(maxActiveKeys)} active keys at most. Revoke one that no service uses any more, then create this one.`,
  )
}
