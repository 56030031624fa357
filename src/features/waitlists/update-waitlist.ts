import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { findSetupChanges, type SetupChange } from './find-setup-changes.ts'
import { type SetupField, setupFields, type WaitlistSetup, waitlistSetupSchema } from './waitlist-setup.ts'

/** `overtaken`: nothing is saved, since somebody else saved in between. `changes` are theirs. */
export type UpdateOutcome = { outcome: 'saved' | 'unchanged' } | { outcome: 'overtaken'; changes: SetupChange[] }

/**
 * Saves the setup page's form; one activity with what changed, none where nothing did. Whoever began with an older version
 * than the stored one is told what others changed, and nothing of theirs is lost.
 * @throws AppError `validation_failed`, `not_found`.
 */
export async function updateWaitlist(ctx: Context, id: string, input: unknown): Promise<UpdateOutcome> {
  requireRole(ctx, 'admin')
  const { version, ...after } = parseInput(waitlistSetupSchema, input)
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const { version: currentVersion, ...before } = await getSetup(ctx, id)
    const changed = setupFields.filter((field) => before[field] !== after[field])
    if (changed.length === 0) return { outcome: 'unchanged' }
    if (version !== undefined && version !== currentVersion)
      return {
        outcome: 'overtaken',
        changes: await findSetupChanges(ctx, id, version, { current: before, draft: after }),
      }
    const number = await recordActivity(ctx, {
      action: 'waitlist.updated',
      targets: [{ type: 'waitlist', id, name: after.name }],
      changes: { before: pick(before, changed), after: pick(after, changed) },
    })
    await ctx.sql
      .updateTable('waitlists')
      .set({ ...after, version: number })
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .execute()
    return { outcome: 'saved' }
  })
}

async function getSetup(ctx: TransactionContext, id: string): Promise<WaitlistSetup & { version: number }> {
  const setup = await ctx.sql
    .selectFrom('waitlists')
    .select([...setupFields, 'version'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('id', '=', id)
    .executeTakeFirst()
  if (!setup) throw new AppError('not_found', 'There is no such waitlist.')
  return setup
}

function pick(setup: WaitlistSetup, fields: readonly SetupField[]) {
  return Object.fromEntries(fields.map((field) => [field, setup[field]]))
}
