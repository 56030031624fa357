import { type Context, inTransaction, type Role, requireRole, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { planRules } from '../plans/plan-rules.ts'

/** @throws AppError `limit_reached` when the plan has no room for one more. */
export async function requireRoomForMember(ctx: TransactionContext): Promise<void> {
  const { maxMembers, label } = planRules(ctx.organisation.plan)
  if (maxMembers === null) return
  const { count } = await ctx.sql
    .selectFrom('members')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('organisation_id', '=', ctx.organisation.id)
    .executeTakeFirstOrThrow()
  if (count >= maxMembers) {
    throw new AppError(
      'limit_reached',
      `The ${label} plan allows ${maxMembers === 1 ? '1 member' : `${maxMembers} members`}. Remove one, or let the owner change the plan on the Plan page.`,
    )
  }
}

/** Adds a person to the organisation; somebody who is in it already changes nothing. @throws AppError `limit_reached`. */
export async function addMember(ctx: Context, person: { id: string; name: string }, role: Role): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, role === 'owner' ? 'owner' : 'admin')
    await joinOrganisation(ctx, person, role)
  })
}

/** The change itself, for whoever has found that the person may join. */
export async function joinOrganisation(
  ctx: TransactionContext,
  person: { id: string; name: string },
  role: Role,
): Promise<void> {
  const known = await ctx.sql
    .selectFrom('members')
    .select('role')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('user_id', '=', person.id)
    .executeTakeFirst()
  if (known) return
  await requireRoomForMember(ctx)
  await ctx.sql
    .insertInto('members')
    .values({ organisation_id: ctx.organisation.id, user_id: person.id, role })
    .execute()
  await recordActivity(ctx, {
    action: 'member.joined',
    targets: [{ type: 'member', id: person.id, name: person.name }],
    changes: { after: { role } },
  })
}
