import { type SqlBool, sql } from 'kysely'
import {
  type Context,
  inSnapshot,
  inTransaction,
  type Role,
  requireRole,
  type TransactionContext,
} from '../../platform/context.ts'
import { readSeekPage, type SeekAsked, type SeekPage } from '../../platform/db/seek.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { recordActivity } from '../activity/record-activity.ts'

export interface Invitation {
  id: string
  email: string
  role: Role
  invited_by_name: string
  created_at: Date
  expires_at: Date
}

/** How long one that has expired is still shown, so that it can be sent again. */
const shownDays = 30

/**
 * A page of those that wait, and of those that have expired lately while nobody with the address is a member; the newest
 * first. `needle` keeps those to addresses that contain it.
 */
export async function listInvitations(
  ctx: Context,
  { needle, ...asked }: SeekAsked & { needle: string },
): Promise<SeekPage<Invitation>> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, (ctx) =>
    readSeekPage(
      {
        by: [sql.ref('expires_at'), sql.ref('id')],
        descending: true,
        at: (id) =>
          sql`select expires_at, id from invitations where organisation_id = ${ctx.organisation.id} and id = ${id}`,
      },
      asked,
      async ({ condition, order, limit }) => {
        const query = ctx.sql
          .selectFrom('invitations')
          .select(['id', 'email', 'role', 'invited_by_name', 'created_at', 'expires_at'])
          .where('organisation_id', '=', ctx.organisation.id)
          .where('accepted_at', 'is', null)
          .where('withdrawn_at', 'is', null)
          .where('expires_at', '>', new Date(ctx.now().getTime() - shownDays * 86_400_000))
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('members as m')
                  .innerJoin('users as u', 'u.id', 'm.user_id')
                  .select('u.id')
                  .whereRef('m.organisation_id', '=', 'invitations.organisation_id')
                  .whereRef('u.email', '=', 'invitations.email')
                  // Looked up for each invitation of the page, instead of joined with everybody.
                  .offset(sql.lit(0)),
              ),
            ),
          )
          .where(condition)
          .orderBy(order)
          .limit(limit)
        const contains = sql<SqlBool>`lower(email) like like_pattern(${needle.toLowerCase()})`
        return (await (needle ? query.where(contains) : query).execute()) as Invitation[]
      },
      (invitation) => invitation.id,
    ),
  )
}

/** The invitation that a link stands for, while it is good. */
export async function findInvitation(services: Services, token: string) {
  return services.db.kysely
    .selectFrom('invitations as i')
    .innerJoin('organisations as o', 'o.id', 'i.organisation_id')
    .select(['i.id', 'i.email', 'i.role', 'i.invited_by_name', 'o.id as organisation_id', 'o.slug', 'o.name', 'o.plan'])
    .where('i.token_hash', 'in', services.secrets.hashes('token', token))
    .where('i.accepted_at', 'is', null)
    .where('i.withdrawn_at', 'is', null)
    .where('i.expires_at', '>', services.now())
    .where('o.deleted_at', 'is', null)
    .executeTakeFirst()
}

/** @throws AppError `not_found`. */
export async function getInvitation(services: Services, token: string) {
  const invitation = await findInvitation(services, token)
  if (!invitation) throw invitationGone()
  return invitation
}

export function invitationGone(): AppError {
  return new AppError('not_found', 'This invitation is used up, withdrawn or older than seven days. Ask for another.', {
    page: { title: 'This invitation does not work any more' },
  })
}

/**
 * Makes an invitation's link lead nowhere. Withdrawing it twice changes nothing.
 * @throws AppError `forbidden`, also to an admin for the invitation of an owner.
 */
export async function withdrawInvitation(ctx: Context, id: string): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    for (const { email, role } of await withdrawOpenInvitations(ctx, { id })) {
      if (role === 'owner') requireRole(ctx, 'owner')
      await recordActivity(ctx, {
        action: 'member.invitation_withdrawn',
        targets: [{ type: 'invitation', id, name: email }],
        changes: { before: { email, role } },
      })
    }
  })
}

/**
 * Withdraws the invitation of an address that is invited again, and returns it if its link still worked.
 * @throws AppError `forbidden`, to an admin for the invitation of an owner.
 */
export async function replaceOpenInvitation(
  ctx: TransactionContext,
  email: string,
): Promise<{ email: string; role: string } | undefined> {
  const withdrawn = await withdrawOpenInvitations(ctx, { email })
  // An expired one gives nobody anything any more, so any admin may invite its address again.
  const replaced = withdrawn.find(({ expires_at }) => expires_at > ctx.now())
  if (!replaced) return undefined
  if (replaced.role === 'owner') requireRole(ctx, 'owner')
  return { email, role: replaced.role }
}

/** Withdraws what is still open of one invitation, or of one address, and answers it. */
async function withdrawOpenInvitations(
  ctx: TransactionContext,
  which: { id: string } | { email: string },
): Promise<{ email: string; role: string; expires_at: Date }[]> {
  return ctx.sql
    .updateTable('invitations')
    .set({ withdrawn_at: ctx.now() })
    .where('organisation_id', '=', ctx.organisation.id)
    .where('accepted_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .$if('id' in which, (query) => query.where('id', '=', 'id' in which ? which.id : ''))
    .$if('email' in which, (query) => query.where('email', '=', 'email' in which ? which.email : ''))
    .returning(['email', 'role', 'expires_at'])
    .execute()
}
