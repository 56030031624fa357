import type { Hono, Context as HonoContext } from 'hono'
import { type Role, requireRole } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { Field } from '../../platform/ui/field.tsx'
import { MessagePage } from '../../platform/ui/message-page.tsx'
import { PageLayout } from '../../platform/ui/page-layout.tsx'
import { foundOrganisation } from './found-organisation.ts'
import { acceptInvitation, findInvitation, inviteMember, listInvitations, withdrawInvitation } from './invitations.ts'
import { changeRole, listMembers, removeMember } from './members.ts'
import { MembersPage } from './members-page.tsx'

const notices: Record<string, string> = {
  invited: 'The invitation is on its way.',
  withdrawn: 'The invitation is withdrawn; its link leads nowhere now.',
  role: 'The role is changed.',
  removed: 'The member is removed, and is out at once.',
}

/** Further organisations, and the people of one. */
export function organisationRoutes(app: Hono<AppEnv>, services: Services): void {
  const newPage = (c: HonoContext<AppEnv>, name = '', error?: AppError) =>
    renderPage(
      c,
      <PageLayout title="New organisation" frame={c.var.frame} narrow>
        <form method="post" action="/organisations/new" class="stack">
          <h1>New organisation</h1>
          <Field
            name="name"
            label="Name"
            value={name}
            required
            autofocus
            problems={error?.errors ?? []}
            hint="What your team or company is called."
          />
          <button type="submit" class="button">
            Create organisation
          </button>
        </form>
      </PageLayout>,
      error?.status ?? 200,
    )

  app.get('/organisations/new', (c) =>
    c.var.person ? newPage(c) : c.redirect('/sign-in?next=/organisations/new', 303),
  )

  app.post('/organisations/new', async (c) => {
    if (!c.var.person) return c.redirect('/sign-in', 303)
    const name = (await readForm(c)).text('name')
    try {
      const { slug } = await foundOrganisation(services, c.var.person, { name }, c.var.meta)
      return c.redirect(`/o/${slug}/waitlists`, 303)
    } catch (error) {
      if (error instanceof AppError && error.code === 'validation_failed') return newPage(c, name, error)
      throw error
    }
  })

  app.get('/invitations/:token', async (c) => {
    const invitation = await findInvitation(services, c.req.param('token'))
    if (!invitation)
      throw new AppError(
        'not_found',
        'This invitation is used up, withdrawn or older than seven days. Ask for another.',
      )
    const here = `/invitations/${c.req.param('token')}`
    const { person } = c.var
    return renderPage(
      c,
      <MessagePage title={`Join ${invitation.name}`} frame={c.var.frame}>
        <p>
          {invitation.invited_by_name} invites <strong>{invitation.email}</strong> to {invitation.name}.
        </p>
        {person?.email === invitation.email ? (
          <form method="post" action={here}>
            <button type="submit" class="button">
              Join {invitation.name}
            </button>
          </form>
        ) : person ? (
          <p>
            You are signed in as {person.email}. Sign out, and open this link again to join as {invitation.email}.
          </p>
        ) : (
          <div class="row">
            <a
              class="button"
              href={`/sign-up?next=${encodeURIComponent(here)}&email=${encodeURIComponent(invitation.email)}`}
            >
              Create an account
            </a>
            <a class="button plain" href={`/sign-in?next=${encodeURIComponent(here)}`}>
              Sign in
            </a>
          </div>
        )}
      </MessagePage>,
    )
  })

  app.post('/invitations/:token', async (c) => {
    const token = c.req.param('token')
    if (!c.var.person) return c.redirect(`/sign-in?next=/invitations/${encodeURIComponent(token)}`, 303)
    const { slug } = await acceptInvitation(services, token, c.var.person, c.var.meta)
    return c.redirect(`/o/${slug}/waitlists`, 303)
  })

  const membersPage = async (
    c: HonoContext<AppEnv>,
    shown: { error?: AppError; typed?: { email: string; role: string } } = {},
  ) => {
    const { ctx, frame } = c.var
    const [members, invitations] = [await listMembers(ctx), await listInvitations(ctx)]
    const notice = notices[c.req.query('done') ?? '']
    const page = (
      <MembersPage
        frame={frame}
        actor={ctx.actor}
        members={members}
        invitations={invitations}
        now={ctx.now()}
        notice={notice}
        {...shown}
      />
    )
    return renderPage(c, page, shown.error?.status ?? 200)
  }

  app.get('/o/:slug/members', (c) => membersPage(c))

  app.post('/o/:slug/members/invitations', async (c) => {
    const form = await readForm(c)
    const typed = { email: form.text('email'), role: form.text('role') }
    try {
      await inviteMember(c.var.ctx, typed)
      return c.redirect(`/o/${c.var.ctx.organisation.slug}/members?done=invited`, 303)
    } catch (error) {
      if (error instanceof AppError && error.status === 422) return membersPage(c, { error, typed })
      throw error
    }
  })

  app.post('/o/:slug/members/invitations/:id/withdraw', async (c) => {
    await withdrawInvitation(c.var.ctx, c.req.param('id'))
    return c.redirect(`/o/${c.var.ctx.organisation.slug}/members?done=withdrawn`, 303)
  })

  app.post('/o/:slug/members/:id/role', async (c) => {
    const role = (await readForm(c)).text('role')
    if (!['owner', 'admin', 'member'].includes(role)) throw fieldError('role', 'refused', 'Choose a role.')
    await changeRole(c.var.ctx, c.req.param('id'), role as Role)
    return c.redirect(`/o/${c.var.ctx.organisation.slug}/members?done=role`, 303)
  })

  app.get('/o/:slug/members/:id/remove', (c) => {
    const { ctx, frame } = c.var
    const id = c.req.param('id')
    const self = ctx.actor.id === id
    if (!self) requireRole(ctx, 'admin')
    const back = self ? `/o/${ctx.organisation.slug}/waitlists` : `/o/${ctx.organisation.slug}/members`
    const dialog = (
      <ConfirmDialog
        id="remove"
        title={self ? `Leave ${ctx.organisation.name}?` : 'Remove this member?'}
        action={`/o/${ctx.organisation.slug}/members/${id}/remove`}
        verb={self ? 'Leave' : 'Remove member'}
        closeHref={back}
        danger
      >
        <p>
          {self
            ? 'You need another invitation to come back.'
            : 'They are out at once. Keys they made keep working: keys belong to the organisation.'}
        </p>
      </ConfirmDialog>
    )
    return renderPage(c, <PageLayout title="Members" frame={frame} current="members" dialog={dialog} />)
  })

  app.post('/o/:slug/members/:id/remove', async (c) => {
    const { ctx } = c.var
    await removeMember(ctx, c.req.param('id'))
    return c.redirect(
      ctx.actor.id === c.req.param('id') ? '/' : `/o/${ctx.organisation.slug}/members?done=removed`,
      303,
    )
  })
}
