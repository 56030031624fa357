import { z } from 'zod'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/unique-violation.ts'
import { fieldError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { organisationSlugSchema } from './organisation-slug.ts'

const slugInput = z.strictObject({ slug: organisationSlugSchema })

/**
 * Gives the organisation another address. The earlier ones stay its own for good: they lead to the new one, and no other
 * organisation gets them. @throws AppError `validation_failed`, also for an address that is, or was, another's.
 */
export async function changeSlug(ctx: Context, input: unknown): Promise<{ slug: string }> {
  requireRole(ctx, 'owner')
  const { slug } = parseInput(slugInput, input)
  try {
    await inTransaction(ctx, async (ctx) => {
      requireRole(ctx, 'owner')
      const { id, name, slug: before } = ctx.organisation
      if (before === slug) return
      await ctx.sql.updateTable('organisations').set({ slug }).where('id', '=', id).execute()
      await recordActivity(ctx, {
        action: 'organisation.updated',
        targets: [{ type: 'organisation', id, name }],
        changes: { before: { slug: before }, after: { slug } },
      })
    })
  } catch (error) {
    if (['organisations_slug_key', 'organisation_slugs_pkey'].some((name) => isUniqueViolation(error, name)))
      throw fieldError('slug', 'refused', `The address ${slug} is taken. Choose another one.`)
    throw error
  }
  return { slug }
}
