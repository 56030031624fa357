import { sql } from 'kysely'
import { type Context, inSnapshot, requireRole, type TransactionContext } from '../../platform/context.ts'
import { readSeekPage, type SeekAsked, type SeekPage } from '../../platform/db/seek.ts'
import { AppError } from '../../platform/errors.ts'
import type { Import } from './import.ts'

const columns = [
  ...(['id', 'waitlist_id', 'state', 'file_name', 'started_by', 'reading', 'bytes', 'lines', 'position'] as const),
  ...(['done_rows', 'added', 'confirmed', 'already_there', 'refused', 'began_with', 'run', 'stopped_reason'] as const),
  ...(['created_at', 'started_at', 'finished_at', 'file_deleted_at'] as const),
]

/** An import of a waitlist. @throws AppError `forbidden`, `not_found`. */
export async function getImport(ctx: Context, waitlistId: string, id: string): Promise<Import> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, (ctx) => readImport(ctx, id, waitlistId))
}

/** A page of a waitlist's imports, the newest first, but for those whose file never arrived. @throws AppError `forbidden`. */
export async function listImports(ctx: Context, waitlistId: string, asked: SeekAsked): Promise<SeekPage<Import>> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, (ctx) =>
    readSeekPage(
      {
        by: [sql.ref('created_at'), sql.ref('id')],
        descending: true,
        at: (id) =>
          sql`select created_at, id from imports where organisation_id = ${ctx.organisation.id} and id = ${id}`,
      },
      asked,
      async ({ condition, order, limit }) => {
        const rows = await ctx.sql
          .selectFrom('imports')
          .select(columns)
          .where('organisation_id', '=', ctx.organisation.id)
          .where('waitlist_id', '=', waitlistId)
          .where('state', '!=', 'uploading')
          .where(condition)
          .orderBy(order)
          .limit(limit)
          .execute()
        return rows as Import[]
      },
      (one) => one.id,
    ),
  )
}

/** The same in a transaction: writers of an organisation are in a queue, so nobody changes it meanwhile. @throws AppError `not_found`. */
export async function readImport(ctx: TransactionContext, id: string, waitlistId?: string): Promise<Import> {
  const row = await ctx.sql
    .selectFrom('imports')
    .select(columns)
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .$if(waitlistId !== undefined, (query) => query.where('waitlist_id', '=', waitlistId ?? ''))
    .executeTakeFirst()
  if (!row) throw new AppError('not_found', 'There is no such import.')
  return row as Import
}
