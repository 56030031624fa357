import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { CsvText, UnreadableText } from '../../platform/csv/csv-text.ts'
import { claimForm } from '../../platform/db/claim-form.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { formNonceSchema } from '../../platform/form-nonce.ts'
import { newId } from '../../platform/ids.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { guessReading } from './guess-reading.ts'
import type { ImportStarter } from './import.ts'
import { chunkBytes } from './import-file.ts'
import { withDateOrders } from './match-import.ts'
import { countUpload, makeRoomForPiece, requireRoomForFile } from './room-for-files.ts'

const maxFileBytes = 256 * 1024 * 1024

/**
 * Takes a file in, piece by piece, to where every process finds it. Nobody joins yet. The same form sent twice makes one import.
 * @throws AppError `validation_failed` for a file that is empty, no text or too large, `not_found`, `forbidden`, `conflict`,
 * `rate_limited`.
 */
export async function uploadImport(
  ctx: Context,
  waitlistId: string,
  file: { name: string; bytes: AsyncIterable<Buffer> },
  formNonce: string,
): Promise<string> {
  const nonce = parseInput(formNonceSchema, formNonce)
  const id = newId('import')
  const earlier = await open(ctx, waitlistId, { id, name: file.name, nonce })
  if (earlier) return earlier
  try {
    await countUpload(ctx, 'files')
    const { text, beginning, bytes } = await store(ctx, id, file.bytes)
    const guessed = guessReading(beginning, text.encoding, { isWhole: beginning.length === bytes })
    const reading = await withDateOrders(ctx, id, guessed)
    await asAdmin(ctx, async (ctx) => {
      await ctx.sql
        .updateTable('imports')
        .set({ state: 'uploaded', bytes, lines: text.lines, reading: JSON.stringify(reading) })
        .where('organisation_id', '=', ctx.organisation.id)
        .where('id', '=', id)
        .execute()
    })
    return id
  } catch (error) {
    await discard(ctx, id)
    if (error instanceof UnreadableText) throw fieldError('file', 'format', error.message)
    throw error
  }
}

function open(ctx: Context, waitlistId: string, upload: { id: string; name: string; nonce: string }) {
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const waitlist = await getWaitlist(ctx, waitlistId)
    if (waitlist.archived_at) throw new AppError('conflict', 'This waitlist is archived: it takes nobody in.')
    const earlier = await claimForm(ctx, upload.nonce, upload.id)
    if (earlier) return earlier
    await requireRoomForFile(ctx)
    const { actor, requestId, ip, userAgent } = ctx
    const starter: ImportStarter = { id: actor.id, name: actor.name, request_id: requestId, ip, user_agent: userAgent }
    await ctx.sql
      .insertInto('imports')
      .values({
        organisation_id: ctx.organisation.id,
        id: upload.id,
        waitlist_id: waitlistId,
        file_name: toFileName(upload.name),
        started_by: JSON.stringify(starter),
      })
      .execute()
    return undefined
  })
}

/** Stores the text in pieces of one size; each is a transaction of its own, so that nobody waits for a slow upload. */
async function store(ctx: Context, id: string, source: AsyncIterable<Buffer>) {
  const text = new CsvText()
  let beginning: Buffer | undefined
  let number = 0
  let bytes = 0
  let rest: Buffer[] = []
  let restBytes = 0
  const keep = async (chunk: Buffer) => {
    beginning ??= chunk
    await countUpload(ctx, 'pieces')
    await asAdmin(ctx, async (ctx) => {
      await makeRoomForPiece(ctx, id, chunk.length)
      await ctx.sql
        .insertInto('import_chunks')
        .values({ organisation_id: ctx.organisation.id, import_id: id, number, bytes: chunk })
        .execute()
    })
    number += 1
    bytes += chunk.length
  }
  const take = async (piece: Buffer, atEnd: boolean) => {
    rest.push(piece)
    restBytes += piece.length
    if (bytes + restBytes > maxFileBytes)
      throw fieldError(
        'file',
        'too_big',
        `The file is too large: ${maxFileBytes / 1024 / 1024} MB at most. Import it in parts.`,
      )
    if (restBytes < chunkBytes && !atEnd) return
    let whole = Buffer.concat(rest)
    for (; whole.length >= chunkBytes || (atEnd && whole.length > 0); whole = whole.subarray(chunkBytes))
      await keep(whole.subarray(0, chunkBytes))
    rest = [whole]
    restBytes = whole.length
  }
  for await (const piece of source) await take(text.push(piece), false)
  await take(text.end(), true)
  if (!beginning || !/[^\r\n]/.test(beginning.toString('latin1')))
    throw fieldError('file', 'too_short', 'The file is empty. Choose a CSV file.')
  return { text, beginning, bytes }
}

/** Whoever lost their role in the middle of an upload does not finish it. */
function asAdmin<T>(ctx: Context, work: (ctx: TransactionContext) => Promise<T>): Promise<T> {
  return inTransaction(ctx, (ctx) => {
    requireRole(ctx, 'admin')
    return work(ctx)
  })
}

async function discard(ctx: Context, id: string): Promise<void> {
  try {
    await inTransaction(ctx, async (ctx) => {
      const { id: organisation } = ctx.organisation
      await ctx.sql.deleteFrom('imports').where('organisation_id', '=', organisation).where('id', '=', id).execute()
      // The form may be sent again: what it made is not there.
      await ctx.sql
        .deleteFrom('form_submissions')
        .where('organisation_id', '=', organisation)
        .where('made_id', '=', id)
        .execute()
    })
  } catch (error) {
    ctx.log.warn({ err: error, import_id: id }, 'a file that is not wanted stays until it is pruned')
  }
}

/** For display: without a path, controls or marks that turn text around. */
function toFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  const shown = last
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '')
    .trim()
  return [...shown].slice(0, 100).join('') || 'file.csv'
}
