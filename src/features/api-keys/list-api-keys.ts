import { type SqlBool, sql } from 'kysely'
import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import { countUpTo } from '../../platform/db/count-up-to.ts'
import { readSeekPage, type SeekAsked, type SeekPage } from '../../platform/db/seek.ts'
import type { ApiKey } from './api-key.ts'
import { readApiKeys, toApiKey } from './read-api-keys.ts'

/** Newest first: as created, or as revoked. */
export interface ApiKeyList extends SeekPage<ApiKey> {
  /** All there are, on this page and on others. */
  total: number
  /** Of all, how many are tried still though they are revoked. */
  stillTried: number
}

/** A page of the organisation's keys. */
export async function listApiKeys(ctx: Context, which: 'active' | 'revoked', asked: SeekAsked): Promise<ApiKeyList> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const time = which === 'active' ? 'created_at' : 'revoked_at'
    const isListed = which === 'active' ? sql<SqlBool>`k.revoked_at is null` : sql<SqlBool>`k.revoked_at is not null`
    const page = await readSeekPage(
      {
        by: [sql.ref(`k.${time}`), sql.ref('k.id')],
        descending: true,
        at: (id) =>
          sql`select ${sql.ref(time)}, id from api_keys where organisation_id = ${ctx.organisation.id} and id = ${id}`,
      },
      asked,
      ({ condition, order, limit }) =>
        readApiKeys(ctx).where(isListed).where(condition).orderBy(order).limit(limit).execute(),
      (row) => row.id,
    )
    const organisationId = ctx.organisation.id
    const { rows } = await sql<{ total: number; still_tried: number }>`select
      ${countUpTo(sql`select from api_keys k where k.organisation_id = ${organisationId} and ${isListed}`)} as total,
      ${countUpTo(sql`select from api_key_usage where organisation_id = ${organisationId} and reuse_count > 0`)} as still_tried`.execute(
      ctx.sql,
    )
    return {
      ...page,
      items: page.items.map((row) => toApiKey(ctx, row)),
      total: rows[0]?.total ?? 0,
      stillTried: which === 'active' ? 0 : (rows[0]?.still_tried ?? 0),
    }
  })
}
