import { z } from 'zod'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { readImport } from './get-import.ts'
import { delimiters, guessReadingBy } from './guess-reading.ts'
import type { Import, ImportReading } from './import.ts'
import { readChunk } from './import-file.ts'

const column = z
  .string()
  .regex(/^[0-9]{0,5}$/, 'Choose one of the columns.')
  .transform((text) => (text === '' ? null : Number(text)))

const matchInput = z.strictObject({
  delimiter: z.string().refine((text) => Object.hasOwn(delimiters, text), 'Choose one of the delimiters.'),
  has_header: z.string().transform((text) => text !== ''),
  email: column,
  joined_at: column,
  referred_by: column,
  referral_code: column,
  state: column,
})

/**
 * Sets how the file of an import is read. With another delimiter the columns are others, and are guessed anew. Answers whether
 * anything is different now, and
 * whether it is known where the addresses stand.
 * @throws AppError `validation_failed`, `conflict` for an import that has begun, `not_found`, `forbidden`.
 */
export async function matchImport(
  ctx: Context,
  waitlistId: string,
  id: string,
  input: unknown,
): Promise<{ changed: boolean; isReady: boolean }> {
  requireRole(ctx, 'admin')
  const typed = parseInput(matchInput, input)
  const beginning = (await readChunk(ctx, id, 0)) ?? Buffer.alloc(0)
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const before = readingOf(await readImport(ctx, id, waitlistId))
    const { encoding } = before
    const same = typed.delimiter === before.delimiter
    const after: ImportReading = same
      ? { encoding, ...typed }
      : guessReadingBy(beginning, { encoding, delimiter: typed.delimiter })
    const changed = Object.entries(after).some(([name, value]) => before[name as keyof ImportReading] !== value)
    if (changed) {
      await ctx.sql
        .updateTable('imports')
        .set({ reading: JSON.stringify(after) })
        .where('organisation_id', '=', ctx.organisation.id)
        .where('id', '=', id)
        .execute()
    }
    return { changed, isReady: after.email !== null }
  })
}

/** How an import that has not begun would be read. @throws AppError `conflict`. */
function readingOf({ state, reading }: Import): ImportReading {
  if (state !== 'uploaded' || !reading) throw new AppError('conflict', 'This import has begun already.')
  return reading
}
