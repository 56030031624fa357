import { sql } from 'kysely'
import { type Context, inTransaction, type Role } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { joinOrganisation } from './add-member.ts'
import { findInvitation, invitationGone } from './invitations.ts'

/**
 * Joins the organisation of an invitation, once, and only as the person it was sent to. Whoever has joined through it comes
 * back to where they are a member already.
 * @throws AppError `not_found` for a link that is used up, `forbidden` for somebody else's, `limit_reached`.
 */
export async function acceptInvitation(
  services: Services,
  token: string,
  person: { id: string; name: string; email: string },
  meta: RequestMeta,
): Promise<{ slug: string }> {
  const invitation = await findInvitation(services, token)
  if (!invitation) return findWhereJoined(services, token, person)
  if (invitation.email !== person.email)
    throw new AppError('forbidden', `This invitation is for ${invitation.email}. Sign in with that address.`)
  const { organisation_id: id, slug, name, plan } = invitation
  const ctx: Context = {
    ...services,
    ...meta,
    organisation: { id, slug, name, plan },
    actor: { type: 'system', id: null, name: 'System' },
  }
  const isClaimed = await inTransaction(ctx, async (ctx) => {
    const claimed = await ctx.sql
      .updateTable('invitations')
      .set({ accepted_at: sql<Date>`clock_timestamp()` })
      .where('organisation_id', '=', id)
      .where('id', '=', invitation.id)
      .where('accepted_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .returning('id')
      .executeTakeFirst()
    if (!claimed) return false
    const role = invitation.role as Role
    await joinOrganisation({ ...ctx, actor: { type: 'user', id: person.id, name: person.name, role } }, person, role)
    await ctx.sql.updateTable('users').set({ last_organisation_id: id }).where('id', '=', person.id).execute()
    return true
  })
  return isClaimed ? { slug } : findWhereJoined(services, token, person)
}

/** Where somebody has joined through a link before: it was followed, or its button pressed, twice. @throws AppError `not_found`. */
export async function findWhereJoined(
  services: Services,
  token: string,
  person: { id: string; email: string } | undefined,
): Promise<{ slug: string }> {
  if (!person) throw invitationGone()
  const joined = await services.db.kysely
    .selectFrom('invitations as i')
    .innerJoin('organisations as o', 'o.id', 'i.organisation_id')
    .innerJoin('members as m', 'm.organisation_id', 'o.id')
    .select('o.slug')
    .where('i.token_hash', 'in', services.secrets.hashes('token', token))
    .where('i.accepted_at', 'is not', null)
    .where('i.email', '=', person.email)
    .where('m.user_id', '=', person.id)
    .executeTakeFirst()
  if (!joined) throw invitationGone()
  return joined
}
