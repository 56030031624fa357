import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import type { ActivityAction, ActivityChanges, ActivityTarget } from './activity.ts'

/** Names whose values never belong in a log, whoever passes them. */
const secretNames = /secret|password|token|hash|^key$/i

/** Writes the one row of a change, in the change's own transaction, under the actor's name as it is now; answers its number. */
export async function recordActivity(
  ctx: TransactionContext,
  activity: { action: ActivityAction; targets: ActivityTarget[]; changes?: ActivityChanges },
): Promise<number> {
  const { actor } = ctx
  const changes = activity.changes ? JSON.stringify(activity.changes, withoutSecrets) : null
  const { rows } = await sql<{
    number: number
  }>`select record_activity(${ctx.organisation.id}, ${activity.action}, ${actor.type}, ${actor.id}, ${actor.name},
    ${JSON.stringify(activity.targets)}::jsonb, ${changes}::jsonb, ${ctx.requestId}, ${ctx.ip}, ${ctx.userAgent}) as number`.execute(
    ctx.sql,
  )
  return rows[0]?.number ?? 0
}

function withoutSecrets(name: string, value: unknown): unknown {
  return secretNames.test(name) ? undefined : value
}
