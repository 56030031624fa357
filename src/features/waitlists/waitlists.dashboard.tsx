import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { readSeekPlace } from '../../platform/http/read-seek-place.ts'
import { refuseCarried } from '../../platform/http/refuse-carried.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { archiveWaitlist } from './archive-waitlist.ts'
import { countDailyJoins } from './count-daily-joins.ts'
import { createWaitlist } from './create-waitlist.ts'
import { listWaitlists } from './list-waitlists.ts'
import { findNoRoomForWaitlist } from './require-room-for-waitlist.ts'
import { CreateWaitlistDialog, type WaitlistsAddress, WaitlistsPage } from './waitlists-page.tsx'
import { plottedDays } from './waitlists-table.tsx'

const limit = 50

/** Listing, creating and archiving waitlists. */
export function waitlistRoutes(app: Hono<AppEnv>): void {
  const show = async (c: HonoContext<AppEnv>, dialog?: Child, status = 200) => {
    const { ctx, frame } = c.var
    const address = addressOf(c)
    const list = await listWaitlists(ctx, { ...address, ...address.place, limit })
    const ids = list.items.map(({ id }) => id)
    return renderPage(
      c,
      <WaitlistsPage
        frame={frame}
        list={list}
        limit={limit}
        address={address}
        joins={await countDailyJoins(ctx, ids, plottedDays)}
        mayCreate={hasRole(ctx.actor, 'admin')}
        now={ctx.now()}
        dialog={dialog}
      />,
      status,
    )
  }

  app.get('/o/:slug/waitlists', (c) => show(c))

  const dialog = (c: HonoContext<AppEnv>, error: AppError | undefined, name = '') => (
    <CreateWaitlistDialog
      frame={c.var.frame}
      base={baseOf(c)}
      nonce={newFormNonce()}
      name={name}
      planHref={hasRole(c.var.ctx.actor, 'owner') ? `/o/${c.var.ctx.organisation.slug}/plan` : undefined}
      error={error}
    />
  )

  app.get('/o/:slug/waitlists/new', async (c) => {
    requireRole(c.var.ctx, 'admin')
    return show(c, dialog(c, await findNoRoomForWaitlist(c.var.ctx)))
  })

  app.post('/o/:slug/waitlists', async (c) => {
    const form = await readForm(c)
    const [name, nonce] = [form.text('name'), form.text('form_nonce')]
    try {
      refuseCarried(c)
      const { id } = await createWaitlist(c.var.ctx, { name, ...(nonce ? { form_nonce: nonce } : {}) })
      return c.redirect(`${baseOf(c)}/${id}`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error
      return show(c, dialog(c, error, name), 422)
    }
  })

  app.post('/o/:slug/waitlists/:id/archive', async (c) => {
    await archiveWaitlist(c.var.ctx, c.req.param('id'))
    return c.redirect(`${baseOf(c)}/${c.req.param('id')}`, 303)
  })
}

function baseOf(c: HonoContext<AppEnv>): string {
  return `/o/${c.var.ctx.organisation.slug}/waitlists`
}

/** Which waitlists an address asks for. */
function addressOf(c: HonoContext<AppEnv>): WaitlistsAddress {
  return {
    base: baseOf(c),
    needle: (c.req.query('q') ?? '').trim().slice(0, 100),
    archived: c.req.query('show') === 'archived',
    place: readSeekPlace(c),
  }
}
