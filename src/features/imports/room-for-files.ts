import type { Context, TransactionContext } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { takeToken } from '../../platform/rate-limit/take-token.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'

const maxWaitingFiles = 20
export const maxKeptBytes = 1024 ** 3
const filesRule: BucketRule = { burst: 200, perSecond: 100 / 3_600 }
/** Of a quarter of a megabyte: 2 GB at once, nearly a gigabyte an hour. */
const piecesRule: BucketRule = { burst: 8_192, perSecond: 1 }

/** Counts a file, or a piece of one, that the organisation brings. @throws AppError `rate_limited`. */
export async function countUpload(ctx: Context, what: 'files' | 'pieces'): Promise<void> {
  const rule = what === 'files' ? filesRule : piecesRule
  const { granted, retry_after } = await takeToken(ctx.db, `import-${what}:${ctx.organisation.id}`, rule)
  if (granted > 0) return
  const minutes = Math.ceil(retry_after / 60)
  const detail = `This organisation has uploaded ${what === 'files' ? 'many files' : 'very much'}. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, or add people through the API.`
  throw new AppError('rate_limited', detail, {
    headers: { 'Retry-After': String(Math.ceil(retry_after)) },
    errors: [{ pointer: '#/file', code: 'refused', detail }],
  })
}

/** Files that nobody starts lie there for two days: not too many of them. @throws AppError `validation_failed`. */
export async function requireRoomForFile(ctx: TransactionContext): Promise<void> {
  const { waiting } = await ctx.sql
    .selectFrom('imports')
    .select((eb) => eb.fn.countAll<number>().as('waiting'))
    .where('organisation_id', '=', ctx.organisation.id)
    .where('state', 'in', ['uploading', 'uploaded'])
    .executeTakeFirstOrThrow()
  if (waiting >= maxWaitingFiles) {
    const detail = `${maxWaitingFiles} files of your waitlists were uploaded and not started. Start or discard one of them first.`
    throw fieldError('file', 'refused', detail)
  }
}

/**
 * Counts a piece of a file that is being brought. Past what an organisation may keep, the files of imports that are over go
 * first, the oldest before the others; those that wait or run stay.
 * @throws AppError `validation_failed` where these alone are too much.
 */
export async function makeRoomForPiece(ctx: TransactionContext, id: string, bytes: number): Promise<void> {
  await ctx.sql
    .updateTable('imports')
    .set((eb) => ({ bytes: eb('bytes', '+', bytes) }))
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .execute()
  const kept = await ctx.sql
    .selectFrom('imports')
    .select(['id', 'bytes', 'finished_at'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('file_deleted_at', 'is', null)
    .orderBy('finished_at')
    .execute()
  let excess = kept.reduce((sum, file) => sum + file.bytes, -maxKeptBytes)
  for (const file of kept) {
    if (excess <= 0) return
    if (!file.finished_at) break
    await deleteFile(ctx, file.id)
    excess -= file.bytes
  }
  if (excess > 0) {
    const detail = `The files that wait or are imported just now would be larger than ${maxKeptBytes / 1024 ** 3} GB together. Start or discard one of them, or wait until an import is done.`
    throw fieldError('file', 'refused', detail)
  }
}

async function deleteFile(ctx: TransactionContext, id: string): Promise<void> {
  for (const table of ['import_chunks', 'import_results'] as const)
    await ctx.sql
      .deleteFrom(table)
      .where('organisation_id', '=', ctx.organisation.id)
      .where('import_id', '=', id)
      .execute()
  await ctx.sql
    .updateTable('imports')
    .set({ file_deleted_at: ctx.now() })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .execute()
}
