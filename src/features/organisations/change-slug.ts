import { z } from 'zod'
import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/unique-violation.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { findWaitForTokens } from '../../platform/rate-limit/take-tokens.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { organisationSlugSchema } from './organisation-slug.ts'

/** Of now and before, all kept for good. */
const mostAddresses = 20

/** Tries for an address that the organisation never had: ten at once, then ten a day. */
const tries = { perSecond: 10 / 86_400, burst: 10 }

const slugInput = z.strictObject({ slug: organisationSlugSchema })

/**
 * Gives the organisation another address. The earlier ones stay its own for good: they lead to the new one, and no other
 * organisation gets them; so nobody takes addresses without end. One of its own is free to take again.
 * @throws AppError `validation_failed`, also for an address that is, or was, another's, `rate_limited`.
 */
export async function changeSlug(ctx: Context, input: unknown): Promise<{ slug: string }> {
  requireRole(ctx, 'owner')
  const { slug } = parseInput(slugInput, input)
  try {
    await inTransaction(ctx, async (ctx) => {
      requireRole(ctx, 'owner')
      const { id, name, slug: before } = ctx.organisation
      if (before === slug) return
      await requireAllowance(ctx, slug)
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

async function requireAllowance(ctx: TransactionContext, slug: string): Promise<void> {
  const kept = await ctx.sql
    .selectFrom('organisation_slugs')
    .select('slug')
    .where('organisation_id', '=', ctx.organisation.id)
    .orderBy('slug')
    .execute()
  if (kept.some((own) => own.slug === slug)) return
  if (kept.length >= mostAddresses) {
    const others = kept.filter((own) => own.slug !== ctx.organisation.slug).map((own) => own.slug)
    throw fieldError(
      'slug',
      'refused',
      `This organisation keeps ${mostAddresses} addresses, the most there can be. Choose one that it had: ${others.join(', ')}.`,
    )
  }
  const seconds = await findWaitForTokens(ctx.db, [{ subject: `slug:${ctx.organisation.id}`, rule: tries }])
  if (seconds === undefined) return
  const detail = 'You have tried many addresses. Wait some hours, then choose another one.'
  throw new AppError('rate_limited', detail, {
    errors: [{ pointer: '#/slug', code: 'refused', detail }],
    headers: { 'Retry-After': String(seconds) },
  })
}
