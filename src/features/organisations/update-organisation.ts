import { z } from 'zod'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { organisationNameSchema } from './organisation-name.ts'

const updateInput = z.strictObject({ name: organisationNameSchema })

/** Renames the organisation; its addresses stay. The name it has changes nothing. @throws AppError `validation_failed`. */
export async function updateOrganisation(ctx: Context, input: unknown): Promise<void> {
  const { name } = parseInput(updateInput, input)
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'owner')
    const { id, name: before } = ctx.organisation
    if (before === name) return
    await ctx.sql.updateTable('organisations').set({ name }).where('id', '=', id).execute()
    await recordActivity(ctx, {
      action: 'organisation.updated',
      targets: [{ type: 'organisation', id, name }],
      changes: { before: { name: before }, after: { name } },
    })
  })
}
