import { sql } from 'kysely'
import { type Context, inSnapshot, inTransaction, type TransactionContext } from '../../platform/context.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import type { Services } from '../../platform/services.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import type { ImportReading } from './import.ts'
import { chunkBytes, readChunk, readRows } from './import-file.ts'
import { workerContext } from './worker-context.ts'

export const forgetJob = 'forget in files'

interface ForgetJob {
  organisation_id: string
  waitlist_id: string
  canonical_email: string
}

/** Has an address blanked in every file that is kept of a waitlist's imports, soon after the caller's transaction. */
export async function forgetInFiles(
  ctx: TransactionContext,
  waitlistId: string,
  canonicalEmail: string,
): Promise<void> {
  if ((await keptFiles(ctx, waitlistId)).length === 0) return
  const job: ForgetJob = {
    organisation_id: ctx.organisation.id,
    waitlist_id: waitlistId,
    canonical_email: canonicalEmail,
  }
  await enqueue(ctx, forgetJob, job)
}

/** Does so: rows that name the address become blanks of the same length, so that every other row stays where it is. */
export async function blankInFiles(
  services: Services,
  { organisation_id, waitlist_id, canonical_email }: ForgetJob,
): Promise<void> {
  const ctx = await workerContext(services, organisation_id)
  if (!ctx) return
  for (const { id, reading } of await inSnapshot(ctx, (ctx) => keptFiles(ctx, waitlist_id))) {
    let row = reading.has_header ? -1 : 0
    for await (const record of readRows(ctx, { id, position: 0 }, { ...reading, has_header: false })) {
      const names = record.broken
        ? (await bytesOf(ctx, id, record)).toString('utf8').toLowerCase().includes(canonical_email)
        : record.cells.some((cell) => namesAddress(cell, canonical_email))
      if (names) await blank(ctx, id, record, row)
      row += 1
    }
  }
}

async function keptFiles(
  ctx: TransactionContext,
  waitlistId: string,
): Promise<{ id: string; reading: ImportReading }[]> {
  const rows = await ctx.sql
    .selectFrom('imports')
    .select(['id', 'reading'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('waitlist_id', '=', waitlistId)
    .where('reading', 'is not', null)
    .where('file_deleted_at', 'is', null)
    .execute()
  return rows as { id: string; reading: ImportReading }[]
}

/** Also amid other words, as in "Ada <ada@example.com>". */
function namesAddress(cell: string, canonical: string): boolean {
  if (!cell.includes('@')) return false
  const words = [cell, cell.replace(/^'/, ''), ...cell.split(/[\s,;|"<>()[\]:]+/)]
  return words.some((word) => parseEmailAddress(word)?.canonical === canonical)
}

async function bytesOf(ctx: Context, id: string, { start, end }: CsvRecord): Promise<Buffer> {
  const first = Math.floor(start / chunkBytes)
  const chunks: Buffer[] = []
  for (let number = first; number * chunkBytes < end; number++)
    chunks.push((await readChunk(ctx, id, number)) ?? Buffer.alloc(0))
  return Buffer.concat(chunks).subarray(start - first * chunkBytes, end - first * chunkBytes)
}

function lineBreakBytes(record: Buffer): number {
  let end = record.length
  while (record[end - 1] === 0x0a || record[end - 1] === 0x0d) end--
  return record.length - end
}

function blank(ctx: Context, id: string, record: CsvRecord, row: number): Promise<void> {
  return inTransaction(ctx, async (ctx) => {
    const bytes = await bytesOf(ctx, id, record)
    const blanks = Buffer.from(bytes).fill(' ', 0, bytes.length - lineBreakBytes(bytes))
    for (let at = record.start; at < record.end; at = (Math.floor(at / chunkBytes) + 1) * chunkBytes) {
      const from = at % chunkBytes
      const piece = blanks.subarray(at - record.start, at - record.start + chunkBytes - from)
      await sql`update import_chunks set bytes = overlay(bytes placing ${piece} from ${from + 1}::integer)
        where organisation_id = ${ctx.organisation.id} and import_id = ${id} and number = ${Math.floor(at / chunkBytes)}`.execute(
        ctx.sql,
      )
    }
    await sql`update import_results set outcomes = overlay(outcomes placing 'x' from (${row} - first_row + 1)::integer)
      where organisation_id = ${ctx.organisation.id} and import_id = ${id} and first_row <= ${row}
        and first_row + length(outcomes) > ${row}`.execute(ctx.sql)
  })
}
