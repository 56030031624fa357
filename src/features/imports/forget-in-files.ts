import type { Kysely } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import { unguardCell } from '../../platform/csv/csv-line.ts'
import type { CsvRecord } from '../../platform/csv/csv-reader.ts'
import type { Tables } from '../../platform/db/tables.ts'
import { enqueue } from '../../platform/jobs/enqueue.ts'
import type { Services } from '../../platform/services.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import { blankRecord, bytesOf } from './blank-record.ts'
import { headRows, type ImportReading } from './import.ts'
import { chunkBytes, readRows } from './import-file.ts'
import { type ForgetJob, joinPasses, type Place } from './join-passes.ts'
import { isAddress, namesAddress, type Spellings, spellingsOf } from './names-address.ts'
import { findFairnessKey } from './queue-import.ts'
import { workerContext } from './worker-context.ts'

export const forgetJob = 'forget in files'

/** Then the next fairness key in the queue has its turn. */
const sliceMs = 2_000
/** Of a record that is no CSV, which may be the rest of a file; each window holds the end of the one before. */
const [windowBytes, sharedBytes] = [chunkBytes, 2_048]

/** Has an address blanked in every file that is kept of a waitlist's imports, soon after the caller's transaction. */
export async function forgetInFiles(
  ctx: TransactionContext,
  waitlistId: string,
  canonicalEmail: string,
): Promise<void> {
  if ((await keptFiles(ctx, waitlistId)).length === 0) return
  const job: ForgetJob = { organisation_id: ctx.organisation.id, waitlist_id: waitlistId, emails: [canonicalEmail] }
  await enqueue(ctx, await forgetOptions(ctx, ctx.organisation.id), job)
}

/**
 * Does so for about two seconds, and queues what is left: rows that name one of the addresses become blanks of the same
 * length. People who are removed while it waits share one reading.
 */
export async function blankInFiles(services: Services, job: ForgetJob): Promise<void> {
  const ctx = await workerContext(services, job.organisation_id)
  if (!ctx) return
  const options = await forgetOptions(queueOf(ctx), job.organisation_id)
  if (await joinPasses(ctx, options, job)) return
  const place = await readSlice(ctx, job)
  if (place) await enqueue(queueOf(ctx), options, { ...job, at: place })
  else if (job.waiting?.length) {
    const { organisation_id, waitlist_id, waiting: emails } = job
    await enqueue(queueOf(ctx), options, { organisation_id, waitlist_id, emails })
  }
}

/** Among imports: each owner's organisations have one turn. */
async function forgetOptions(within: { sql: Kysely<Tables> }, organisationId: string) {
  return { name: forgetJob, queue: 'long', fairnessKey: await findFairnessKey(within, organisationId) } as const
}

function queueOf({ db, secrets }: Context) {
  return { sql: db.kysely, secrets }
}

/** Answers where to go on; undefined once all is read. */
async function readSlice(ctx: Context, { waitlist_id, emails, at }: ForgetJob): Promise<Place | undefined> {
  const until = ctx.now().getTime() + sliceMs
  const addresses = spellingsOf(emails)
  for (const { id, reading } of await inSnapshot(ctx, (ctx) => keptFiles(ctx, waitlist_id))) {
    if (at && id < at.import_id) continue
    const from = at?.import_id === id ? at : { position: 0, row: -headRows(reading) }
    let row = from.row
    for await (const record of readRows(
      ctx,
      { id, position: from.position },
      { ...reading, has_header: false, lead_rows: 0 },
    )) {
      if (await isNamed(ctx, id, record, reading, addresses)) await blankRecord(ctx, id, record, row)
      row += 1
      if (ctx.now().getTime() >= until || ctx.stopping?.aborted) return { import_id: id, position: record.end, row }
    }
  }
  return undefined
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
    .orderBy('id')
    .execute()
  return rows as { id: string; reading: ImportReading }[]
}

/** In the column of addresses a whole address is that one alone: `a=ada@example.com` may be somebody of their own there. */
async function isNamed(
  ctx: Context,
  id: string,
  record: CsvRecord,
  { email, encoding }: ImportReading,
  addresses: Spellings,
): Promise<boolean> {
  if (!record.broken)
    return record.cells.some((cell, column) =>
      column === email && parseEmailAddress(unguardCell(cell))
        ? isAddress(unguardCell(cell), addresses)
        : namesAddress(cell, addresses),
    )
  const decoder = new TextDecoder(encoding)
  for (let start = record.start; start < record.end; start += windowBytes - sharedBytes) {
    const window = await bytesOf(ctx, id, { start, end: Math.min(record.end, start + windowBytes) })
    if (namesAddress(decoder.decode(window), addresses)) return true
  }
  return false
}
