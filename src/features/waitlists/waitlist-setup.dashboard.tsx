import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { refuseCarried } from '../../platform/http/refuse-carried.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { restoreWaitlist } from './archive-waitlist.ts'
import type { SetupChange } from './find-setup-changes.ts'
import { getWaitlist } from './list-waitlists.ts'
import { updateWaitlist } from './update-waitlist.ts'
import { type SetupDraft, WaitlistSetupPage } from './waitlist-setup-page.tsx'

interface Shown {
  draft?: SetupDraft
  error?: AppError
  changes?: SetupChange[]
  dialog?: Child
  /** Why it cannot be restored now. */
  noRoom?: AppError
}

/** The setup page of a waitlist: one draft, one Save, and the way to the danger zone's question. */
export function waitlistSetupRoutes(app: Hono<AppEnv>): void {
  const show = async (c: HonoContext<AppEnv>, shown: Shown = {}) => {
    const { ctx, frame } = c.var
    requireRole(ctx, 'admin')
    const waitlist = await getWaitlist(ctx, c.req.param('id') ?? '')
    const saved = c.req.query('saved') === '1'
    const planHref = hasRole(ctx.actor, 'owner') ? `/o/${ctx.organisation.slug}/plan` : undefined
    const page = <WaitlistSetupPage {...{ frame, base: baseOf(c), waitlist, saved, planHref }} {...shown} />
    return renderPage(c, page, shown.changes ? 409 : ((shown.error ?? shown.noRoom)?.status ?? 200))
  }

  app.get('/o/:slug/waitlists/:id/setup', (c) => show(c))

  app.post('/o/:slug/waitlists/:id/setup', async (c) => {
    const form = await readForm(c)
    const draft = {
      name: form.text('name'),
      description: form.text('description'),
      skip_amount: form.text('skip_amount'),
      referrals_enabled: form.text('referrals_enabled'),
    }
    const version = form.text('version')
    try {
      refuseCarried(c)
      const result = await updateWaitlist(c.var.ctx, c.req.param('id'), { ...draft, ...(version ? { version } : {}) })
      if (result.outcome === 'overtaken') return show(c, { draft, changes: result.changes })
      return c.redirect(`${baseOf(c)}/setup?saved=1`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error
      return show(c, { draft: { ...draft, version }, error })
    }
  })

  app.post('/o/:slug/waitlists/:id/restore', async (c) => {
    try {
      await restoreWaitlist(c.var.ctx, c.req.param('id'))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'limit_reached') throw error
      return show(c, { noRoom: error })
    }
    return c.redirect(`${baseOf(c)}?done=restored`, 303)
  })

  app.get('/o/:slug/waitlists/:id/archive', async (c) => {
    const here = baseOf(c)
    const { name } = await getWaitlist(c.var.ctx, c.req.param('id'))
    return show(c, {
      dialog: (
        <ConfirmDialog
          id="archive"
          title={
            <>
              Archive “<bdi>{name}</bdi>”?
            </>
          }
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
}

function baseOf(c: HonoContext<AppEnv>): string {
  return `/o/${c.var.ctx.organisation.slug}/waitlists/${c.req.param('id')}`
}
