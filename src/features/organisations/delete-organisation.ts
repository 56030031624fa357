import { sql } from 'kysely'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { fieldError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'

/**
 * Deletes an organisation and everything in it, for good; its keys answer 401 from then on. What stays is a tombstone: how
 * long its log was, and the log's hash. `slug` is typed by hand, as proof of meaning it.
 * @throws AppError `validation_failed`, `forbidden`.
 */
export async function deleteOrganisation(ctx: Context, { slug }: { slug: string }): Promise<void> {
  requireRole(ctx, 'owner')
  if (slug.trim() !== ctx.organisation.slug)
    throw fieldError('slug', 'refused', `Type ${ctx.organisation.slug} to delete the organisation.`)
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'owner')
    const { id, name } = ctx.organisation
    await recordActivity(ctx, { action: 'organisation.deleted', targets: [{ type: 'organisation', id, name }] })
    await sql`select delete_organisation(${id})`.execute(ctx.sql)
  })
}
