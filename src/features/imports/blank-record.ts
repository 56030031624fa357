import { sql } from 'kysely'
import { type Context, inTransaction } from '../../platform/context.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import { chunkBytes, readChunk } from './import-file.ts'

/** Makes a record blanks of the same length, so that every other one stays where it is, and its result that of somebody removed. */
export async function blankRecord(ctx: Context, id: string, record: CsvRecord, row: number): Promise<void> {
  const last = await bytesOf(ctx, id, { start: Math.max(record.start, record.end - 2), end: record.end })
  const end = record.end - lineBreakBytes(last)
  await inTransaction(ctx, async (ctx) => {
    for (let at = record.start; at < end; at = (Math.floor(at / chunkBytes) + 1) * chunkBytes) {
      const from = at % chunkBytes
      const blanks = Buffer.alloc(Math.min(end - at, chunkBytes - from), ' ')
      await sql`update import_chunks set bytes = overlay(bytes placing ${blanks} from ${from + 1}::integer)
        where organisation_id = ${ctx.organisation.id} and import_id = ${id} and number = ${Math.floor(at / chunkBytes)}`.execute(
        ctx.sql,
      )
    }
    await sql`update import_results set outcomes = overlay(outcomes placing 'x' from (${row} - first_row + 1)::integer)
      where organisation_id = ${ctx.organisation.id} and import_id = ${id} and first_row <= ${row}
        and first_row + length(outcomes) > ${row}`.execute(ctx.sql)
  })
}

/** Some bytes of a stored file. */
export async function bytesOf(
  ctx: Context,
  id: string,
  { start, end }: Pick<CsvRecord, 'start' | 'end'>,
): Promise<Buffer> {
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
