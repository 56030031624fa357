import type { TransactionContext } from '../../platform/context.ts'

/** How many keys of the organisation are not revoked, asleep or not: a query by itself, or a part of another. */
export function activeKeyCount(ctx: TransactionContext) {
  return ctx.sql
    .selectFrom('api_keys')
    .select((eb) => eb.fn.countAll<number>().as('keys'))
    .where('organisation_id', '=', ctx.organisation.id)
    .where('revoked_at', 'is', null)
}
