import { type RawBuilder, sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'

/** Which rows lie within the plan's window and, where it is given, not before `from`. */
export async function sinceOf(
  ctx: TransactionContext,
  keptDays: number | null,
  from?: Date | undefined,
): Promise<RawBuilder<unknown>[]> {
  const windowStart = keptDays === null ? undefined : new Date(ctx.now().getTime() - keptDays * 86_400_000)
  const at = from && windowStart ? new Date(Math.max(from.getTime(), windowStart.getTime())) : (from ?? windowStart)
  return at ? [sql`occurred_at >= ${at}`, ...(await numberBound(ctx, 'from', at))] : []
}

/** Times rise with the numbers: the nearest milestone row bounds the numbers that a date can have. */
export async function numberBound(
  ctx: TransactionContext,
  side: 'from' | 'until',
  at: Date,
): Promise<RawBuilder<unknown>[]> {
  const { rows } = await (side === 'from'
    ? sql<{ number: number }>`select number from activities
        where organisation_id = ${ctx.organisation.id} and number % 256 = 0 and occurred_at < ${at}
        order by occurred_at desc, number desc limit 1`
    : sql<{ number: number }>`select number from activities
        where organisation_id = ${ctx.organisation.id} and number % 256 = 0 and occurred_at >= ${at}
        order by occurred_at, number limit 1`
  ).execute(ctx.sql)
  return rows.map(({ number }) => (side === 'from' ? sql`number > ${number}` : sql`number < ${number}`))
}
