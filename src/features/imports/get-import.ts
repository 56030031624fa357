import { type Context, inSnapshot, requireRole, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { Import } from './import.ts'

const columns = [
  ...(['id', 'waitlist_id', 'state', 'file_name', 'started_by', 'reading', 'bytes', 'lines', 'position'] as const),
  ...(['done_rows', 'added', 'confirmed', 'already_there', 'refused', 'began_with', 'run', 'stopped_reason'] as const),
  ...(['created_at', 'started_at', 'finished_at', 'file_deleted_at'] as const),
]
const shownImports = 20

/** An import of a waitlist. @throws AppError `forbidden`, `not_found`. */
export async function getImport(ctx: Context, waitlistId: string, id: string): Promise<Import> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, (ctx) => readImport(ctx, id, waitlistId))
}

/** The newest imports of a waitlist, but for those whose file never arrived. @throws AppError `forbidden`. */
export async function listImports(ctx: Context, waitlistId: string): Promise<Import[]> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const rows = await ctx.sql
      .selectFrom('imports')
      .select(columns)
      .where('organisation_id', '=', ctx.organisation.id)
      .where('waitlist_id', '=', waitlistId)
      .where('state', '!=', 'uploading')
      .orderBy('created_at', 'desc')
      .limit(shownImports)
      .execute()
    return rows as Import[]
  })
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
