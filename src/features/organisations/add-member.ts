import {
  type Context,
  inSnapshot,
  inTransaction,
  type Role,
  requireRole,
  type TransactionContext,
} from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { planRules } from '../plans/plan-rules.ts'
import { bringPerson } from './bring-person.ts'

/** @throws AppError `limit_reached` when the plan has no room for one more. */
export async function requireRoomForMember(ctx: TransactionContext): Promise<void> {
  const { maxMembers, label } = planRules(ctx.organisation.plan)
  if (maxMembers === null) return
  const members = await ctx.sql
    .selectFrom('members')
    .select('user_id')
    .where('organisation_id', '=', ctx.organisation.id)
    .limit(maxMembers)
    .execute()
  if (members.length >= maxMembers) {
    throw new AppError(
      'limit_reached',
      `The ${label} plan allows ${maxMembers === 1 ? '1 member' : `${maxMembers} members`}. Remove one, or let the owner change the plan on the Plan page.`,
    )
  }
}

/** Why no further member can be added now; undefined while there is room. */
export async function findNoRoomForMember(ctx: Context): Promise<AppError | undefined> {
  try {
    await inSnapshot(ctx, requireRoomForMember)
    return undefined
  } catch (error) {
    if (error instanceof AppError && error.code === 'limit_reached') return error
    throw error
  }
}

/**
 * Adds the person with an e-mail address, with an account made for them where they have none: both or neither. The password
 * is null for somebody who had an account. Who is a member already stays what they are.
 * @throws AppError `validation_failed`, `limit_reached`.
 */
export async function addMember(ctx: Context, input: { email: string; password?: string; role: Role }) {
  const brought = await bringPerson(ctx, { email: input.email, password: input.password })
  return inTransaction(ctx, async (ctx) => {
    requireRole(ctx, input.role === 'owner' ? 'owner' : 'admin')
    const person = await brought.write(ctx.sql)
    const role = await joinOrganisation(ctx, person, input.role)
    return { id: person.id, email: brought.email, password: brought.password, role }
  })
}

/** The change itself, for whoever has found that the person may join. Answers the role they now have. */
export async function joinOrganisation(
  ctx: TransactionContext,
  person: { id: string; name: string },
  role: Role,
): Promise<Role> {
  const known = await ctx.sql
    .selectFrom('members')
    .select('role')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('user_id', '=', person.id)
    .executeTakeFirst()
  if (known) return known.role as Role
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
  return role
}
