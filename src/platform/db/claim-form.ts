import type { TransactionContext } from '../context.ts'

/**
 * Makes a form that is sent twice make one thing: answers what it made the first time, or notes what it makes now. In the
 * transaction that makes it; writers of an organisation are in a queue, so nobody comes between.
 */
export async function claimForm(
  ctx: TransactionContext,
  formNonce: string | undefined,
  madeId: string,
): Promise<string | undefined> {
  if (formNonce === undefined) return undefined
  const earlier = await ctx.sql
    .selectFrom('form_submissions')
    .select('made_id')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('form_nonce', '=', formNonce)
    .executeTakeFirst()
  if (earlier) return earlier.made_id
  await ctx.sql
    .insertInto('form_submissions')
    .values({ organisation_id: ctx.organisation.id, form_nonce: formNonce, made_id: madeId })
    .execute()
  return undefined
}
