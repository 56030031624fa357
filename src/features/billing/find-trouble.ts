import { type Context, hasRole, inSnapshot } from '../../platform/context.ts'
import { activeKeyCount } from '../api-keys/active-key-count.ts'
import { planRules } from '../plans/plan-rules.ts'
import { graceEndsAt, problemOf } from './billing-account.ts'

/** Why API keys sleep, or soon will. */
export interface Trouble {
  problem: string | undefined
  keptUntil: Date | undefined
  /** How many keys are active, asleep or not. */
  keys: number
}

/** What owners and admins must not miss, on whatever page they are; undefined where all is well. */
export async function findTrouble(ctx: Context): Promise<Trouble | undefined> {
  const isAsleep = !planRules(ctx.organisation.plan).apiAccess
  if (!hasRole(ctx.actor, 'admin') || !(isAsleep || ctx.config.stripe)) return undefined
  const row = await inSnapshot(ctx, (ctx) =>
    ctx.sql
      .selectFrom('organisations as o')
      .leftJoin('billing_accounts as b', 'b.organisation_id', 'o.id')
      .select(['b.status', 'b.past_due_since', activeKeyCount(ctx).as('keys')])
      .where('o.id', '=', ctx.organisation.id)
      .executeTakeFirst(),
  )
  const keys = row?.keys ?? 0
  const problem = ctx.config.stripe && problemOf(row?.status ?? null)
  if (!problem && !(isAsleep && keys > 0)) return undefined
  const graceEnd = isAsleep ? undefined : graceEndsAt(ctx, { past_due_since: row?.past_due_since ?? null })
  return { problem, keys, keptUntil: graceEnd && graceEnd > ctx.now() ? graceEnd : undefined }
}
