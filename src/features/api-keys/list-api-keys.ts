import { type SqlBool, sql } from 'kysely'
import { type Context, inSnapshot, requireRole, type TransactionContext } from '../../platform/context.ts'
import type { ApiKey } from './api-key.ts'
import { readApiKeys, toApiKey } from './read-api-keys.ts'

export interface ApiKeyList {
  /** Newest first: as created, or as revoked. */
  keys: ApiKey[]
  /** All there are, on this page and on others. */
  total: number
  /** How many stand on the pages before. */
  before: number
  /** Of all, how many are tried still though they are revoked. */
  stillTried: number
  /** What the next page begins after. */
  next: string | undefined
}

const aPage = 100

/** A page of the organisation's keys, after the key with the id `after`; from the start where that is no key of these. */
export async function listApiKeys(
  ctx: Context,
  which: 'active' | 'revoked',
  { after, limit = aPage }: { after?: string | undefined; limit?: number } = {},
): Promise<ApiKeyList> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const time = which === 'active' ? 'created_at' : 'revoked_at'
    const isListed = which === 'active' ? sql<SqlBool>`k.revoked_at is null` : sql<SqlBool>`k.revoked_at is not null`
    const at = after && (await findTime(ctx, time, after))
    const isOnwards = at
      ? sql<SqlBool>`(${sql.ref(`k.${time}`)}, k.id) < (${at}::timestamptz, ${after})`
      : sql.lit(true)
    const rows = await readApiKeys(ctx)
      .where(isListed)
      .where(isOnwards)
      .orderBy(`k.${time}`, 'desc')
      .orderBy('k.id', 'desc')
      .limit(limit + 1)
      .execute()
    // The rest may have been revoked since the link was made.
    if (rows.length === 0 && at) return listApiKeys(ctx, which, { limit })
    const counts = await ctx.sql
      .selectFrom('api_keys as k')
      .leftJoin('api_key_usage as u', (join) =>
        join.onRef('u.api_key_id', '=', 'k.id').onRef('u.organisation_id', '=', 'k.organisation_id'),
      )
      .select((eb) => [
        eb.fn.countAll<number>().as('total'),
        eb.fn.countAll<number>().filterWhere(isOnwards).as('onwards'),
        eb.fn.countAll<number>().filterWhere('u.reuse_count', '>', 0).as('still_tried'),
      ])
      .where('k.organisation_id', '=', ctx.organisation.id)
      .where(isListed)
      .executeTakeFirstOrThrow()
    const keys = rows.slice(0, limit).map((row) => toApiKey(ctx, row))
    return {
      keys,
      total: counts.total,
      before: counts.total - counts.onwards,
      stillTried: counts.still_tried,
      next: rows.length > limit ? keys.at(-1)?.id : undefined,
    }
  })
}

/** To the microsecond, which a Date does not have. */
async function findTime(ctx: TransactionContext, time: 'created_at' | 'revoked_at', id: string) {
  const row = await ctx.sql
    .selectFrom('api_keys')
    .select(sql<string | null>`${sql.ref(time)}::text`.as('at'))
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.at
}

/** All of them, page by page. */
export async function listAllApiKeys(ctx: Context, which: 'active' | 'revoked'): Promise<ApiKey[]> {
  return inSnapshot(ctx, async (ctx) => {
    const all: ApiKey[] = []
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const { keys, next } = await listApiKeys(ctx, which, { after, limit: 1000 })
      all.push(...keys)
      after = next
    }
    return all
  })
}
