import { type Context, inSnapshot } from '../../platform/context.ts'
import { CsvReader, type CsvRecord } from '../../platform/csv/csv-reader.ts'
import { headRows, type Import, type ImportReading } from './import.ts'

/** Of each stored piece of a file but the last: a place in the file tells its piece. */
export const chunkBytes = 256 * 1024

/**
 * The rows of a stored file, on from the start of one of them; a header, and what is above it, is none. One piece is in memory at a time, and no
 * transaction is open while the caller works.
 */
export async function* readRows(
  ctx: Context,
  { id, position }: Pick<Import, 'id' | 'position'>,
  reading: ImportReading,
): AsyncGenerator<CsvRecord> {
  const reader = new CsvReader({ ...reading, offset: position })
  let skip = position === 0 ? headRows(reading) : 0
  for (let number = Math.floor(position / chunkBytes), from = position % chunkBytes; ; number += 1, from = 0) {
    const chunk = await readChunk(ctx, id, number)
    for (const record of chunk ? reader.push(chunk.subarray(from)) : reader.end()) {
      if (skip === 0) yield record
      else skip -= 1
    }
    if (!chunk) return
  }
}

/** The names that a file gives its columns; none without such a row. */
export async function readHeader(ctx: Context, id: string, reading: ImportReading): Promise<string[]> {
  if (!reading.has_header) return []
  for await (const { cells } of readRows(ctx, { id, position: 0 }, { ...reading, has_header: false })) return cells
  return []
}

/** Undefined past the end of the file. */
export function readChunk(ctx: Context, id: string, number: number): Promise<Buffer | undefined> {
  return inSnapshot(ctx, async (ctx) => {
    const row = await ctx.sql
      .selectFrom('import_chunks')
      .select('bytes')
      .where('organisation_id', '=', ctx.organisation.id)
      .where('import_id', '=', id)
      .where('number', '=', number)
      .executeTakeFirst()
    return row?.bytes
  })
}
