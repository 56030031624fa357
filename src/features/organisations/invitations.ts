import { sql } from 'kysely'
import { z } from 'zod'
import { type Context, inSnapshot, inTransaction, type Role, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { newId } from '../../platform/ids.ts'
import type { Mail } from '../../platform/mail/mailer.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import { personEmailSchema } from '../accounts/create-person.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { joinOrganisation, requireRoomForMember } from './add-member.ts'

const validDays = 7
const inviteInput = z.strictObject({
  email: personEmailSchema,
  role: z.enum(['admin', 'member', 'owner'], 'Choose a role.'),
})

export interface Invitation {
  id: string
  email: string
  role: Role
  invited_by_name: string
  created_at: Date
  expires_at: Date
}

/**
 * Invites a person by mail: the link lasts seven days, and a newer one replaces it. The token is stored as a keyed hash.
 * @throws AppError `validation_failed`, `limit_reached`, `forbidden`.
 */
export async function inviteMember(ctx: Context, input: unknown): Promise<void> {
  requireRole(ctx, 'admin')
  const { email, role } = parseInput(inviteInput, input)
  const token = randomBase62(32)
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, role === 'owner' ? 'owner' : 'admin')
    await requireRoomForMember(ctx)
    await ctx.sql
      .updateTable('invitations')
      .set({ withdrawn_at: ctx.now() })
      .where('organisation_id', '=', ctx.organisation.id)
      .where('email', '=', email)
      .where('accepted_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .execute()
    const id = newId('invitation')
    await ctx.sql
      .insertInto('invitations')
      .values({
        id,
        organisation_id: ctx.organisation.id,
        email,
        role,
        token_hash: ctx.secrets.hash('token', token),
        invited_by_id: ctx.actor.type === 'user' ? ctx.actor.id : null,
        invited_by_name: ctx.actor.name,
        expires_at: new Date(ctx.now().getTime() + validDays * 86_400_000),
        accepted_at: null,
        withdrawn_at: null,
      })
      .execute()
    await recordActivity(ctx, {
      action: 'member.invited',
      targets: [{ type: 'invitation', id, name: email }],
      changes: { after: { email, role } },
    })
  })
  ctx.mailer
    .send(invitationMail(ctx, email, token))
    .catch((error: unknown) =>
      ctx.log.error({ err: error }, 'could not send an invitation; it can be sent again from the Members page'),
    )
}

/** Those that are neither accepted, withdrawn nor expired. */
export async function listInvitations(ctx: Context): Promise<Invitation[]> {
  requireRole(ctx, 'admin')
  return inSnapshot(ctx, async (ctx) => {
    const rows = await ctx.sql
      .selectFrom('invitations')
      .select(['id', 'email', 'role', 'invited_by_name', 'created_at', 'expires_at'])
      .where('organisation_id', '=', ctx.organisation.id)
      .where('accepted_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .where('expires_at', '>', ctx.now())
      .orderBy('created_at', 'desc')
      .execute()
    return rows as Invitation[]
  })
}

/** Makes an invitation's link lead nowhere. Withdrawing it twice changes nothing. */
export async function withdrawInvitation(ctx: Context, id: string): Promise<void> {
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    await ctx.sql
      .updateTable('invitations')
      .set({ withdrawn_at: ctx.now() })
      .where('organisation_id', '=', ctx.organisation.id)
      .where('id', '=', id)
      .where('accepted_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .execute()
  })
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
    .executeTakeFirst()
}

/**
 * Joins the organisation of an invitation, once, and only as the person it was sent to.
 * @throws AppError `not_found` for a link that is used up, `forbidden` for somebody else's, `limit_reached`.
 */
export async function acceptInvitation(
  services: Services,
  token: string,
  person: { id: string; name: string; email: string },
  meta: { requestId: string; ip: string | null; userAgent: string | null },
): Promise<{ slug: string }> {
  const invitation = await findInvitation(services, token)
  if (!invitation)
    throw new AppError('not_found', 'This invitation is used up, withdrawn or older than seven days. Ask for another.')
  if (invitation.email !== person.email)
    throw new AppError('forbidden', `This invitation is for ${invitation.email}. Sign in with that address.`)
  const { organisation_id: id, slug, name, plan } = invitation
  const ctx: Context = {
    ...services,
    ...meta,
    organisation: { id, slug, name, plan },
    actor: { type: 'system', id: null, name: 'System' },
  }
  await inTransaction(ctx, async (ctx) => {
    const claimed = await ctx.sql
      .updateTable('invitations')
      .set({ accepted_at: sql<Date>`clock_timestamp()` })
      .where('organisation_id', '=', id)
      .where('id', '=', invitation.id)
      .where('accepted_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .returning('id')
      .executeTakeFirst()
    if (!claimed) throw new AppError('not_found', 'This invitation was used or withdrawn a moment ago.')
    const role = invitation.role as Role
    await joinOrganisation({ ...ctx, actor: { type: 'user', id: person.id, name: person.name, role } }, person, role)
    await ctx.sql.updateTable('users').set({ last_organisation_id: id }).where('id', '=', person.id).execute()
  })
  return { slug }
}

function invitationMail(ctx: Context, to: string, token: string): Mail {
  return {
    to,
    subject: `Join ${ctx.organisation.name.replace(/[\r\n]/g, ' ')} at QueueUp`,
    text: `${ctx.actor.name} invites you to ${ctx.organisation.name} at QueueUp.

Accept within seven days:

${ctx.config.publicUrl}/invitations/${token}
`,
  }
}
