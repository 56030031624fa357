import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole, type Role, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { readSeekPlace } from '../../platform/http/read-seek-place.ts'
import { refuseCarried } from '../../platform/http/refuse-carried.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { toAddress } from '../../platform/ui/address.ts'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { PageLayout } from '../../platform/ui/page-layout.tsx'
import { wordsFor } from '../../platform/ui/words-for.ts'
import { followLink } from '../accounts/sign-in-limits.ts'
import { acceptInvitation, findWhereJoined } from './accept-invitation.ts'
import { findNoRoomForMember } from './add-member.ts'
import { InvitationPage } from './invitation-page.tsx'
import { findInvitation, listInvitations, withdrawInvitation } from './invitations.ts'
import { inviteMember } from './invite-member.ts'
import { listMembers } from './list-members.ts'
import { changeRole, findMember, removeMember } from './members.ts'
import { invitationsOnPage, type MembersAddress, MembersPage, membersOnPage, membersQuery } from './members-page.tsx'
import { TransferDialog } from './transfer-dialog.tsx'
import { transferOwnership } from './transfer-ownership.ts'

const notices: Record<string, string> = {
  invited: 'The invitation is on its way.',
  withdrawn: 'The invitation is withdrawn; its link leads nowhere now.',
  role: 'The role is changed.',
  removed: 'The member is removed, and is out at once; invitations of theirs above a plain member are withdrawn.',
  transferred: 'The ownership is transferred. You are an admin now.',
}

/** Among how many a new owner is chosen at once. */
const choices = 50

/** The people of an organisation, and the ones it invites. */
export function memberRoutes(app: Hono<AppEnv>, services: Services): void {
  app.get('/invitations/:token', async (c) => {
    const { person } = c.var
    const token = c.req.param('token')
    const invitation = await findInvitation(services, token)
    if (!invitation) {
      const joined = await followLink(services, c.var.meta, () => findWhereJoined(services, token, person))
      return c.redirect(`/o/${joined.slug}/waitlists`, 303)
    }
    const here = `/invitations/${encodeURIComponent(token)}`
    return renderPage(c, <InvitationPage frame={c.var.frame} here={here} invitation={invitation} />)
  })

  app.post('/invitations/:token', async (c) => {
    const token = c.req.param('token')
    const { person, meta } = c.var
    if (!person) return c.redirect(`/sign-in?next=/invitations/${encodeURIComponent(token)}`, 303)
    const { slug } = await followLink(services, meta, () => acceptInvitation(services, token, person, meta))
    return c.redirect(`/o/${slug}/waitlists`, 303)
  })

  app.get('/o/:slug/members', (c) => show(c))

  app.post('/o/:slug/members/invitations', async (c) => {
    const form = await readForm(c)
    const typed = { email: form.text('email'), role: form.text('role') }
    const nonce = form.text('form_nonce')
    try {
      refuseCarried(c)
      await inviteMember(c.var.ctx, { ...typed, ...(nonce ? { form_nonce: nonce } : {}) })
      return c.redirect(`${baseOf(c)}?done=invited`, 303)
    } catch (error) {
      return showRefusal(c, error, typed)
    }
  })

  app.post('/o/:slug/members/invitations/:id/withdraw', async (c) => {
    await withdrawInvitation(c.var.ctx, c.req.param('id'))
    return c.redirect(`${baseOf(c)}?done=withdrawn`, 303)
  })

  app.post('/o/:slug/members/:id/role', async (c) => {
    const role = (await readForm(c)).text('role')
    if (!['owner', 'admin', 'member'].includes(role)) throw new AppError('validation_failed', 'Choose a role.')
    try {
      await changeRole(c.var.ctx, c.req.param('id'), role as Role)
    } catch (error) {
      return showRefusal(c, error)
    }
    const { slug } = c.var.ctx.organisation
    const isOut = c.var.ctx.actor.id === c.req.param('id') && role === 'member'
    return c.redirect(isOut ? `/o/${slug}/waitlists` : withNotice(c, 'role'), 303)
  })

  app.get('/o/:slug/members/transfer', async (c) => {
    requireRole(c.var.ctx, 'owner')
    const { actor, organisation } = c.var.ctx
    const needle = (c.req.query('who') ?? '').trim().slice(0, 254)
    const others = await listMembers(c.var.ctx, { needle, but: actor.id, limit: choices })
    return show(c, { dialog: <TransferDialog base={baseOf(c)} name={organisation.name} {...{ others, needle }} /> })
  })

  app.post('/o/:slug/members/transfer', async (c) => {
    const form = await readForm(c)
    const [to, nonce] = [form.text('to'), form.text('form_nonce')]
    try {
      await transferOwnership(c.var.ctx, { to, ...(nonce ? { form_nonce: nonce } : {}) })
    } catch (error) {
      return showRefusal(c, error)
    }
    return c.redirect(`${baseOf(c)}?done=transferred`, 303)
  })

  app.get('/o/:slug/members/:id/remove', async (c) => {
    const { ctx, frame } = c.var
    const { slug, name } = ctx.organisation
    if (ctx.actor.id === c.req.param('id')) {
      const dialog = (
        <ConfirmDialog
          id="leave"
          title={
            <>
              Leave <bdi>{name}</bdi>?
            </>
          }
          action={`/o/${slug}/members/${c.req.param('id')}/remove`}
          verb="Leave organisation"
          closeHref={hasRole(ctx.actor, 'admin') ? `${baseOf(c)}#remove-${ctx.actor.id}` : `/o/${slug}/waitlists`}
          danger
        >
          <p>You need another invitation to come back.</p>
        </ConfirmDialog>
      )
      return renderPage(c, <PageLayout title={`Leave ${name}`} frame={frame} dialog={dialog} />)
    }
    requireRole(ctx, 'admin')
    const member = await findMember(ctx, { id: c.req.param('id') })
    if (!member) return c.redirect(baseOf(c), 303)
    const shown = membersQuery(addressOf(c))
    const dialog = (
      <ConfirmDialog
        id="remove"
        title={
          <>
            Remove <bdi>{member.name}</bdi>?
          </>
        }
        action={toAddress(`${baseOf(c)}/${member.user_id}/remove`, shown)}
        verb="Remove member"
        closeHref={`${toAddress(baseOf(c), shown)}#remove-${member.user_id}`}
        danger
      >
        <p>
          They are out at once, and whom they invited as an admin or owner cannot accept any more. Keys they made keep
          working: keys belong to the organisation.
        </p>
      </ConfirmDialog>
    )
    return show(c, { dialog })
  })

  app.post('/o/:slug/members/:id/remove', async (c) => {
    try {
      await removeMember(c.var.ctx, c.req.param('id'))
    } catch (error) {
      // Sent twice: what was wanted is done.
      if (!(error instanceof AppError) || error.code !== 'not_found') return showRefusal(c, error)
    }
    return c.redirect(c.var.ctx.actor.id === c.req.param('id') ? '/' : withNotice(c, 'removed'), 303)
  })
}

interface Shown {
  error?: AppError
  typed?: { email: string; role: string }
  dialog?: Child
}

async function show(c: HonoContext<AppEnv>, shown: Shown = {}) {
  const { ctx, frame } = c.var
  const address = addressOf(c)
  const { needle, place, invited } = address
  const page = (
    <MembersPage
      frame={frame}
      actor={ctx.actor}
      members={await listMembers(ctx, { ...place, needle, limit: membersOnPage })}
      invitations={await listInvitations(ctx, { ...invited, needle, limit: invitationsOnPage })}
      address={address}
      noRoom={await findNoRoomForMember(ctx)}
      now={ctx.now()}
      notice={shown.error ? undefined : wordsFor(notices, c.req.query('done'))}
      {...shown}
    />
  )
  return renderPage(c, page, shown.error?.status ?? 200, shown.error?.headers)
}

/** A refusal that the page can say in its place; anything else goes to the error page. */
function showRefusal(c: HonoContext<AppEnv>, error: unknown, typed?: { email: string; role: string }) {
  if (!(error instanceof AppError) || error.status >= 500 || !hasRole(c.var.ctx.actor, 'admin')) throw error
  return show(c, { error, ...(typed ? { typed } : {}) })
}

/** Which people an address asks for. */
function addressOf(c: HonoContext<AppEnv>): MembersAddress {
  return {
    base: baseOf(c),
    needle: (c.req.query('q') ?? '').trim().slice(0, 254),
    place: readSeekPlace(c),
    invited: readSeekPlace(c, 'invited_'),
  }
}

/** The page that a form was sent from, with what was done. */
function withNotice(c: HonoContext<AppEnv>, done: keyof typeof notices): string {
  return toAddress(baseOf(c), { ...membersQuery(addressOf(c)), done })
}

function baseOf(c: HonoContext<AppEnv>): string {
  return `/o/${c.var.ctx.organisation.slug}/members`
}
