import { z } from 'zod'
import { type Context, inSnapshot, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { columnsWithOrder, findDateOrders, maxOrderColumns, mayNeedOrder } from './date-order.ts'
import { readImport } from './get-import.ts'
import { delimiters, guessReading, sampleRowsOf } from './guess-reading.ts'
import type { Import, ImportReading } from './import.ts'
import { chunkBytes, readChunk, readRows } from './import-file.ts'
import { toStatusKey } from './subscriber-status.ts'

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
  /** Blank where the page does not ask. */
  lead_rows: z
    .string()
    .regex(/^[0-9]{0,3}$/, 'Choose a number of rows, from 0 to 999.')
    .transform((text) => (text === '' ? null : Number(text)))
    .optional(),
  date_order: z.enum(['', 'day', 'month'], 'Choose day first or month first.').optional(),
  include_status: z.array(z.string().max(200)).max(500).optional(),
})

/**
 * Sets how the file of an import is read. With another delimiter, or other rows above, the columns are others, and are guessed
 * again. Answers whether anything is different now, and whether it is known which column holds the addresses.
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
  const before = readingOf(await inSnapshot(ctx, (ctx) => readImport(ctx, id, waitlistId)))
  const after = await readAsChosen(ctx, id, before, typed)
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const now = readingOf(await readImport(ctx, id, waitlistId))
    const changed = !isSame(now, after)
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

/** How a file is read of which nobody has chosen anything yet. */
export async function withDateOrders(ctx: Context, id: string, guessed: ImportReading): Promise<ImportReading> {
  const { delimiter, joined_at } = guessed
  const known = guessed.date_orders?.[delimiter] ?? {}
  const beginning = (await readChunk(ctx, id, 0)) ?? Buffer.alloc(0)
  const rows = sampleRowsOf(beginning, guessed, beginning.length < chunkBytes)
  const wanted = joined_at !== null && mayNeedOrder(rows, joined_at) ? [joined_at] : []
  const columns = [...new Set([...wanted, ...columnsWithOrder(rows)])].filter((column) => known[column] === undefined)
  // The whole file is looked at once for each column, however often it is chosen, and for a few columns only.
  const room = maxOrderColumns - Object.keys(known).length
  if (columns.length === 0 || room <= 0) return { ...guessed, date_order: orderOf(guessed) }
  const found = await findDateOrders(readRows(ctx, { id, position: 0 }, guessed), columns.slice(0, room))
  const date_orders = { ...guessed.date_orders, [delimiter]: { ...known, ...found } }
  return { ...guessed, date_orders, date_order: orderOf({ ...guessed, date_orders }) }
}

async function readAsChosen(
  ctx: Context,
  id: string,
  before: ImportReading,
  typed: z.infer<typeof matchInput>,
): Promise<ImportReading> {
  const { delimiter, include_status, date_order, ...columns } = typed
  const { encoding, date_orders } = before
  const lead_rows = typed.lead_rows ?? before.lead_rows ?? 0
  if (delimiter !== before.delimiter || lead_rows !== (before.lead_rows ?? 0)) {
    const beginning = (await readChunk(ctx, id, 0)) ?? Buffer.alloc(0)
    const isWhole = beginning.length < chunkBytes
    const guessed = { ...guessReading(beginning, encoding, { delimiter, lead_rows, isWhole }), date_orders }
    return withDateOrders(ctx, id, guessed)
  }
  const { lead_rows: _, ...chosen } = columns
  const isSameTimes = typed.joined_at === before.joined_at
  const own: ImportReading = { ...before, ...chosen }
  const after = isSameTimes ? own : await withDateOrders(ctx, id, own)
  if (date_order && isSameTimes) after.date_order = date_order
  if (include_status) after.include_status = [...new Set(include_status.map(toStatusKey))].filter(Boolean).toSorted()
  return after
}

function orderOf({ date_orders, delimiter, joined_at }: ImportReading): ImportReading['date_order'] {
  return joined_at === null ? null : date_orders?.[delimiter]?.[joined_at]
}

/** Where nothing stands is what is not said. */
function isSame(a: ImportReading, b: ImportReading): boolean {
  const plain = (reading: ImportReading) =>
    JSON.stringify(
      Object.entries(reading)
        .filter(([, value]) => value !== undefined && value !== null && value !== 0 && JSON.stringify(value) !== '[]')
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    )
  return plain(a) === plain(b)
}

/** How an import that has not begun would be read. @throws AppError `conflict`. */
function readingOf({ state, reading }: Import): ImportReading {
  if (state !== 'uploaded' || !reading) throw new AppError('conflict', 'This import has begun already.')
  return reading
}
