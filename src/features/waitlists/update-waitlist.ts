import { z } from 'zod'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { waitlistNameSchema } from './waitlist.ts'

const updateWaitlistInput = z.strictObject({
  name: waitlistNameSchema,
  description: z
    .string()
    .trim()
    .max(1000, 'The description may have 1,000 characters at most.')
    .refine(
      (text) => !/[^\P{Cc}\r\n\t]/u.test(text) && text.isWellFormed(),
      'The description must not hold control characters.',
    ),
  referrals_enabled: z.enum(['on', '']).transform((ticked) => ticked === 'on'),
  skip_amount: z
    .string()
    .regex(/^[0-9]{1,3}$/, 'Enter a whole number from 1 to 100.')
    .transform(Number)
    .refine((n) => n >= 1 && n <= 100, 'Enter a whole number from 1 to 100.'),
})

/** Changes what a form of the setup page holds; one activity with what changed, none where nothing did. @throws AppError `validation_failed`, `not_found`. */
export async function updateWaitlist(ctx: Context, id: string, input: unknown): Promise<void> {
  requireRole(ctx, 'admin')
  const after = parseInput(updateWaitlistInput, input)
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const before = await ctx.sql
      .selectFrom('waitlists')
      .select(['name', 'description', 'referrals_enabled', 'skip_amount'])
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .executeTakeFirst()
    if (!before) throw new AppError('not_found', 'There is no such waitlist.')
    const changed = (Object.keys(after) as (keyof typeof after)[]).filter((field) => before[field] !== after[field])
    if (changed.length === 0) return
    await ctx.sql
      .updateTable('waitlists')
      .set(after)
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .execute()
    const pick = (values: typeof after) => Object.fromEntries(changed.map((field) => [field, values[field]]))
    await recordActivity(ctx, {
      action: 'waitlist.updated',
      targets: [{ type: 'waitlist', id, name: after.name }],
      changes: { before: pick(before), after: pick(after) },
    })
  })
}
