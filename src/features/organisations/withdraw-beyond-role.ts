import { type Role, roleRanks, type TransactionContext } from '../../platform/context.ts'

/**
 * Withdraws what somebody invited above a plain member and could not invite any more: an invitation does not outlive the
 * power it came from. Answers the addresses, for the log's row of what took that power; without a role they are out.
 */
export async function withdrawBeyondRole(
  ctx: TransactionContext,
  userId: string,
  role: Role | undefined,
): Promise<string[]> {
  const own = role === undefined ? roleRanks.member : roleRanks[role]
  const beyond = (['admin', 'owner'] as const).filter((invited) => roleRanks[invited] > own)
  if (beyond.length === 0) return []
  const withdrawn = await ctx.sql
    .updateTable('invitations')
    .set({ withdrawn_at: ctx.now() })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('invited_by_id', '=', userId)
    .where('role', 'in', beyond)
    .where('accepted_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', ctx.now())
    .returning('email')
    .execute()
  return withdrawn.map(({ email }) => email).sort()
}

/** Withdraws what an address that is out could come back with. Returns the address if there was something. */
export async function withdrawReceived(ctx: TransactionContext, email: string): Promise<string[]> {
  const withdrawn = await ctx.sql
    .updateTable('invitations')
    .set({ withdrawn_at: ctx.now() })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('email', '=', email)
    .where('accepted_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', ctx.now())
    .returning('email')
    .execute()
  return withdrawn.length > 0 ? [email] : []
}
