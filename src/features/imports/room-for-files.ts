import type { Context, TransactionContext } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { requireDiskSpace } from '../../platform/process/disk-space.ts'
import { type Bucket, findWaitForTokens, requireTokens, tryTakeTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { Import } from './import.ts'

export const maxWaitingFiles = 20
export const maxKeptBytes = 1024 ** 3
const week = 7 * 86_400

/** Pieces are of a quarter of a megabyte: 2 GB at once, nearly a gigabyte an hour. */
export const organisationUploadRules = {
  files: { burst: 200, perSecond: 100 / 3_600 },
  pieces: { burst: 8_192, perSecond: 1 },
} satisfies Record<string, BucketRule>

/** Of one user for all organisations: files are kept for a week, and so long it takes for all of this to come back. 8 GB. */
export const userUploadRules = {
  files: { burst: 400, perSecond: 200 / 3_600 },
  pieces: { burst: 32_768, perSecond: 32_768 / week },
} satisfies Record<string, BucketRule>

/** Rows that one user has imported in all organisations: two million at once, then a million a day. */
export const userRowsRule: BucketRule = { burst: 2_000_000, perSecond: 1_000_000 / 86_400 }

/**
 * Counts a file, or a piece of one, that a user uploads to an organisation.
 * @throws AppError `rate_limited`, `unavailable` where the disk is nearly full.
 */
export async function countUpload(ctx: Context, what: 'files' | 'pieces'): Promise<void> {
  await requireDiskSpace(ctx)
  const buckets: Bucket[] = [
    { subject: `import-${what}:${ctx.organisation.id}`, rule: organisationUploadRules[what] },
    ...(ctx.actor.type === 'user' ? [{ subject: `import-${what}:${ctx.actor.id}`, rule: userUploadRules[what] }] : []),
  ]
  const seconds = await findWaitForTokens(ctx.db, buckets)
  if (seconds === undefined) return
  const minutes = Math.ceil(seconds / 60)
  const detail = `This organisation, or you in all of yours, has uploaded ${what === 'files' ? 'many files' : 'very much'}. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, or add people through the API.`
  throw new AppError('rate_limited', detail, {
    headers: { 'Retry-After': String(seconds) },
    errors: [{ pointer: '#/file', code: 'refused', detail }],
  })
}

/**
 * Counts the rows of a file that a user has imported; a file larger than the whole allowance needs all of it. What the
 * operator imports by command is not counted. @throws AppError `rate_limited`, `unavailable` where the disk is nearly full.
 */
export async function countRows(ctx: Context, rows: number): Promise<void> {
  await requireDiskSpace(ctx)
  if (ctx.actor.type !== 'user') return
  const cost = Math.min(rows, userRowsRule.burst)
  await requireTokens(
    ctx,
    [{ subject: `import-rows:${ctx.actor.id}`, rule: userRowsRule, cost }],
    (wait) => `You imported very many rows lately. Start this import in ${wait}.`,
  )
}

/**
 * Counts rows that the lines of a file did not tell of: a quotation mark within a cell hides the lines after it. Answers
 * whether the user may import them.
 */
export async function mayImportUncounted(
  services: Pick<Context, 'db'>,
  { started_by, lines, done_rows }: Pick<Import, 'started_by' | 'lines' | 'done_rows'>,
  rows: number,
): Promise<boolean> {
  const cost = done_rows + rows - Math.max(lines, done_rows)
  if (cost <= 0 || started_by.id === null) return true
  const bucket = { subject: `import-rows:${started_by.id}`, rule: userRowsRule, cost }
  return tryTakeTokens(services, [bucket])
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
