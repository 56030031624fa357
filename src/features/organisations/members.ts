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
import { withdrawBeyondRole, withdrawReceived } from './withdraw-beyond-role.ts'

export interface Member {
  user_id: string
  name: string
  email: string
  role: Role
  created_at: Date
}

/** @throws AppError `not_found`, `forbidden` (an admin and an owner; the last owner). */
export async function changeRole(ctx: Context, userId: string, role: Role): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const member = await getMember(ctx, userId)
    if (member.role === role) return
    if (member.role === 'owner' || role === 'owner') requireRole(ctx, 'owner')
    if (member.role === 'owner') await requireAnotherOwner(ctx)
    const withdrawn = await setRole(ctx, userId, role)
    await recordActivity(ctx, {
      action: 'member.role_changed',
      targets: [{ type: 'member', id: userId, name: member.name }],
      changes: { before: { role: member.role }, after: { role, ...withdrawn } },
    })
  })
}

/**
 * Ends a membership, a person's own (they leave) or another's. It works at once: every request looks it up.
 * @throws AppError `not_found`, `forbidden` (an admin and an owner; the last owner).
 */
export async function removeMember(ctx: Context, userId: string): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    const leaving = ctx.actor.type === 'user' && ctx.actor.id === userId
    if (!leaving) requireRole(ctx, 'admin')
    const member = await getMember(ctx, userId)
    if (member.role === 'owner') {
      requireRole(ctx, 'owner')
      await requireAnotherOwner(ctx)
    }
    await endMembership(ctx, member)
  })
}

/** The end of a membership itself, for whoever has found that it may end. */
export async function endMembership(ctx: TransactionContext, member: Member): Promise<void> {
  await ctx.sql
    .deleteFrom('members')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('user_id', '=', member.user_id)
    .execute()
  const sent = await withdrawBeyondRole(ctx, member.user_id, undefined)
  const received = await withdrawReceived(ctx, member.email)
  const withdrawn = namesOf([...sent, ...received])
  await recordActivity(ctx, {
    action: 'member.removed',
    targets: [{ type: 'member', id: member.user_id, name: member.name }],
    changes: { before: { role: member.role }, ...(withdrawn ? { after: withdrawn } : {}) },
  })
}

/** The member with an id or an e-mail address, if there is one. */
export async function findMember(ctx: Context, who: { id: string } | { email: string }): Promise<Member | undefined> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const members = memberQuery(ctx)
    const found = 'id' in who ? members.where('m.user_id', '=', who.id) : members.where('u.email', '=', who.email)
    return (await found.executeTakeFirst()) as Member | undefined
  })
}

/**
 * The change of a role itself, for whoever has found that it may be changed. Answers which invitations went with the power
 * that it took, as the log's row tells it.
 */
export async function setRole(ctx: TransactionContext, userId: string, role: Role): Promise<Withdrawn | undefined> {
  await ctx.sql
    .updateTable('members')
    .set({ role })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('user_id', '=', userId)
    .execute()
  return namesOf(await withdrawBeyondRole(ctx, userId, role))
}

type Withdrawn = { withdrawn_invitations: string[] }

function namesOf(emails: string[]): Withdrawn | undefined {
  return emails.length > 0 ? { withdrawn_invitations: emails } : undefined
}

/** @throws AppError `not_found`. */
export async function getMember(ctx: TransactionContext, userId: string): Promise<Member> {
  const member = await memberQuery(ctx).where('m.user_id', '=', userId).executeTakeFirst()
  if (!member) throw new AppError('not_found', 'There is no such member.')
  return member as Member
}

/** Whether there is no owner but one. */
export async function isLastOwner(ctx: TransactionContext): Promise<boolean> {
  return (await memberQuery(ctx).where('m.role', '=', 'owner').limit(2).execute()).length < 2
}

async function requireAnotherOwner(ctx: TransactionContext): Promise<void> {
  if (await isLastOwner(ctx))
    throw new AppError('forbidden', 'An organisation keeps at least one owner. Make somebody else an owner first.')
}

export function memberQuery(ctx: TransactionContext) {
  return ctx.sql
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['m.user_id', 'u.name', 'u.email', 'm.role', 'm.created_at'])
    .where('m.organisation_id', '=', ctx.organisation.id)
}
