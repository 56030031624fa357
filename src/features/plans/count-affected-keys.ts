import type { TransactionContext } from '../../platform/context.ts'
import { activeKeyCount } from '../api-keys/active-key-count.ts'

/** How many keys a change of the plan puts to sleep or wakes; undefined while the organisation is deleted, when none does anything. */
export async function countAffectedKeys(ctx: TransactionContext): Promise<number | undefined> {
  const row = await ctx.sql
    .selectFrom('organisations as o')
    .select(activeKeyCount(ctx).as('keys'))
    .where('o.id', '=', ctx.organisation.id)
    .where('o.deleted_at', 'is', null)
    .executeTakeFirst()
  return row?.keys ?? undefined
}
