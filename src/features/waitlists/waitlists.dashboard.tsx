import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { PageLayout } from '../../platform/ui/page-layout.tsx'
import { archiveWaitlist, restoreWaitlist } from './archive-waitlist.ts'
import { createWaitlist } from './create-waitlist.ts'
import { getWaitlist, listWaitlists } from './list-waitlists.ts'
import { updateWaitlist } from './update-waitlist.ts'
import { SetupForm } from './waitlist-setup-page.tsx'
import { CreateWaitlistDialog, WaitlistsPage } from './waitlists-page.tsx'

/** Listing, creating, setting up, archiving and restoring waitlists. */
export function waitlistRoutes(app: Hono<AppEnv>): void {
  const show = async (c: HonoContext<AppEnv>, dialog?: Child, status = 200) => {
    const { ctx, frame } = c.var
    const waitlists = await listWaitlists(ctx)
    return renderPage(
      c,
      <WaitlistsPage
        frame={frame}
        waitlists={waitlists}
        mayCreate={hasRole(ctx.actor, 'admin')}
        now={ctx.now()}
        dialog={dialog}
      />,
      status,
    )
  }

  app.get('/o/:slug/waitlists', (c) => show(c))

  app.get('/o/:slug/waitlists/new', (c) => {
    requireRole(c.var.ctx, 'admin')
    return show(c, <CreateWaitlistDialog base={baseOf(c)} nonce={newFormNonce()} />)
  })

  app.post('/o/:slug/waitlists', async (c) => {
    const form = await readForm(c)
    const [name, nonce] = [form.text('name'), form.text('form_nonce')]
    try {
      const { id } = await createWaitlist(c.var.ctx, { name, ...(nonce ? { form_nonce: nonce } : {}) })
      return c.redirect(`${baseOf(c)}/${id}`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error
      return show(c, <CreateWaitlistDialog base={baseOf(c)} nonce={newFormNonce()} name={name} error={error} />, 422)
    }
  })

  const setup = async (
    c: HonoContext<AppEnv>,
    shown: { typed?: Record<string, string>; error?: AppError; dialog?: Child } = {},
  ) => {
    const { ctx, frame } = c.var
    requireRole(ctx, 'admin')
    const waitlist = await getWaitlist(ctx, c.req.param('id') ?? '')
    const page = (
      <PageLayout title={`Set up ${waitlist.name}`} frame={frame} current="waitlists" dialog={shown.dialog}>
        <SetupForm
          base={`${baseOf(c)}/${waitlist.id}`}
          waitlist={waitlist}
          typed={shown.typed}
          error={shown.error}
          saved={c.req.query('saved') === '1'}
        />
      </PageLayout>
    )
    return renderPage(c, page, shown.error?.status ?? 200)
  }

  app.get('/o/:slug/waitlists/:id/setup', (c) => setup(c))

  app.post('/o/:slug/waitlists/:id/setup', async (c) => {
    const form = await readForm(c)
    const typed = {
      name: form.text('name'),
      description: form.text('description'),
      skip_amount: form.text('skip_amount'),
      referrals_enabled: form.text('referrals_enabled'),
    }
    try {
      await updateWaitlist(c.var.ctx, c.req.param('id'), typed)
      return c.redirect(`${baseOf(c)}/${c.req.param('id')}/setup?saved=1`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error
      return setup(c, { typed, error })
    }
  })

  app.get('/o/:slug/waitlists/:id/archive', (c) => {
    const here = `${baseOf(c)}/${c.req.param('id')}`
    return setup(c, {
      dialog: (
        <ConfirmDialog
          id="archive"
          title="Archive this waitlist?"
          action={`${here}/archive`}
          verb="Archive waitlist"
          closeHref={`${here}/setup#archive-waitlist`}
          danger
        >
          <p>
            It takes no signups, and its API answers 404 at once. Nothing is deleted: restore it, and everything is
            there again.
          </p>
        </ConfirmDialog>
      ),
    })
  })

  app.post('/o/:slug/waitlists/:id/archive', async (c) => {
    await archiveWaitlist(c.var.ctx, c.req.param('id'))
    return c.redirect(`${baseOf(c)}/${c.req.param('id')}`, 303)
  })

  app.post('/o/:slug/waitlists/:id/restore', async (c) => {
    await restoreWaitlist(c.var.ctx, c.req.param('id'))
    return c.redirect(`${baseOf(c)}/${c.req.param('id')}`, 303)
  })
}

function baseOf(c: HonoContext<AppEnv>): string {
  return `/o/${c.var.ctx.organisation.slug}/waitlists`
}
