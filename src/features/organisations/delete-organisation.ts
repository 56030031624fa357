import { type Context, inSnapshot, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { findPaidUntil } from '../billing/billing-account.ts'
import { planRules } from '../plans/plan-rules.ts'
import { mailOwners } from './mail-owners.ts'

export const daysToRestore = 7

/** When a deleted organisation is gone for good. */
export function purgedAt(deletedAt: Date): Date {
  return new Date(deletedAt.getTime() + daysToRestore * 86_400_000)
}

/**
 * Deletes an organisation: its keys answer 401 and its pages show only the way back, at once. An owner may take it back for
 * seven days; then it is gone for good. `confirmation` is its name, typed by hand, as proof of meaning it.
 * @throws AppError `validation_failed`, `forbidden`.
 */
export async function deleteOrganisation(ctx: Context, { confirmation }: { confirmation: string }): Promise<void> {
  requireRole(ctx, 'owner')
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'owner')
    const { organisation } = ctx
    if (asTyped(confirmation) !== asTyped(organisation.name))
      throw fieldError('confirmation', 'refused', `Type ${organisation.name} to delete the organisation.`)
    const now = ctx.now()
    await ctx.sql
      .updateTable('organisations')
      .set({ deleted_at: now, deleted_by_name: ctx.actor.name })
      .where('id', '=', organisation.id)
      .execute()
    await recordActivity(ctx, {
      action: 'organisation.deleted',
      targets: [{ type: 'organisation', id: organisation.id, name: organisation.name }],
      changes: { before: { deleted: false }, after: { deleted: true, gone_for_good_at: purgedAt(now).toISOString() } },
    })
    const isPaidFor = (await findPaidUntil(ctx)) !== undefined
    await mailOwners(ctx, {
      subject: `${nameInMail(organisation.name)} is deleted at QueueUp`,
      text: `${nameInMail(ctx.actor.name)} deleted the organisation ${nameInMail(organisation.name)}. Its API keys and pages have stopped working.

Until ${purgedAt(now).toUTCString()} an owner can bring it back as it was:

${ctx.config.publicUrl}/o/${organisation.slug}/deleted

After that everything in it is gone for good.${isPaidFor ? ' No further payment is taken for its subscription, unless it is brought back.' : ''}
`,
    })
  })
}

/** As every keyboard writes it: nobody has to find the right apostrophe. */
function asTyped(name: string): string {
  return name
    .slice(0, 1000)
    .normalize('NFKC')
    .replace(/[\u2018\u2019\u02bc\u2032]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/\p{Pd}/gu, '-')
    .replace(/\s/g, ' ')
    .trim()
}

/** Brings a deleted organisation back as it was. One that is not deleted stays as it is. @throws AppError `not_found` after the seven days, `forbidden`. */
export async function restoreOrganisation(ctx: Context): Promise<void> {
  requireRole(ctx, 'owner')
  await inTransaction(
    ctx,
    async (ctx) => {
      requireRole(ctx, 'owner')
      const { organisation } = ctx
      const deletion = await findDeletion(ctx)
      if (!deletion) return
      if (deletion.purged_at <= ctx.now())
        throw new AppError('not_found', 'The seven days are over: this organisation is gone for good.')
      await ctx.sql
        .updateTable('organisations')
        .set({ deleted_at: null, deleted_by_name: null })
        .where('id', '=', organisation.id)
        .execute()
      await recordActivity(ctx, {
        action: 'organisation.restored',
        targets: [{ type: 'organisation', id: organisation.id, name: organisation.name }],
        changes: { before: { deleted: true }, after: { deleted: false } },
      })
      const isPaidFor = (await findPaidUntil(ctx)) !== undefined
      await mailOwners(ctx, {
        subject: `${nameInMail(organisation.name)} is back at QueueUp`,
        text: `${nameInMail(ctx.actor.name)} brought the organisation ${nameInMail(organisation.name)} back, as it was. ${planRules(organisation.plan).apiAccess ? 'Its API keys work again.' : 'It is on the Free plan.'}${isPaidFor ? ' Its subscription is as it was, too.' : ''}

${ctx.config.publicUrl}/o/${organisation.slug}/waitlists
`,
      })
    },
    { evenIfDeleted: true },
  )
}

/** Who deleted the organisation, and until when it can be brought back; undefined where nobody did. */
export async function findDeletion(ctx: Context): Promise<{ deleted_by_name: string; purged_at: Date } | undefined> {
  return inSnapshot(ctx, async (ctx) => {
    const row = await ctx.sql
      .selectFrom('organisations')
      .select(['deleted_at', 'deleted_by_name'])
      .where('id', '=', ctx.organisation.id)
      .executeTakeFirst()
    if (!row?.deleted_at) return undefined
    return { deleted_by_name: row.deleted_by_name ?? '', purged_at: purgedAt(row.deleted_at) }
  })
}
