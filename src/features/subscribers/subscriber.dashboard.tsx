import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { findHowJoined } from './find-how-joined.ts'
import { findRemoval } from './find-removal.ts'
import { getSubscriber } from './get-subscriber.ts'
import { removeSubscriber } from './remove-subscriber.ts'
import { parseSubscriberId } from './subscriber-id.ts'
import { SubscriberPage } from './subscriber-page.tsx'

/** One person's own page, and removing them. */
export function subscriberRoutesOfOne(app: Hono<AppEnv>): void {
  const show = async (c: HonoContext<AppEnv>, dialog?: Child) => {
    const { ctx, frame } = c.var
    const { waitlistId, id } = namesIn(c)
    const waitlist = await getWaitlist(ctx, waitlistId)
    const person = await getSubscriber(ctx, waitlistId, id, { before: readBefore(c.req.query('before')) })
    const isAdmin = hasRole(ctx.actor, 'admin')
    return renderPage(
      c,
      <SubscriberPage
        frame={frame}
        waitlist={waitlist}
        person={person}
        how={isAdmin ? await findHowJoined(ctx, person) : undefined}
        plan={ctx.organisation.plan}
        isAdmin={isAdmin}
        now={ctx.now()}
        dialog={dialog}
      />,
    )
  }

  app.get('/o/:slug/waitlists/:id/subscribers/:subscriber', async (c) => {
    const { waitlistId, id } = namesIn(c)
    await getWaitlist(c.var.ctx, waitlistId)
    if (await findRemoval(c.var.ctx, waitlistId, parseSubscriberId(id)))
      throw new AppError('not_found', 'This person was removed from the waitlist.')
    return show(c)
  })

  app.get('/o/:slug/waitlists/:id/subscribers/:subscriber/remove', async (c) => {
    requireRole(c.var.ctx, 'admin')
    const { base, waitlistId, id } = namesIn(c)
    const { email } = await getSubscriber(c.var.ctx, waitlistId, id)
    return show(
      c,
      <ConfirmDialog
        id="remove-subscriber"
        title={`Remove ${email}?`}
        action={`${base}/subscribers/${id}/remove`}
        verb="Remove person"
        closeHref={`${base}/subscribers/${id}#remove`}
        danger
      >
        <p>
          Their place is given up, everybody behind them moves up, and their e-mail address is forgotten. An import of
          the same address does not bring them back; they can join again themselves.
        </p>
      </ConfirmDialog>,
    )
  })

  app.post('/o/:slug/waitlists/:id/subscribers/:subscriber/remove', async (c) => {
    const { base, waitlistId, id } = namesIn(c)
    await removeSubscriber(c.var.ctx, waitlistId, id)
    return c.redirect(`${base}?done=removed`, 303)
  })
}

function namesIn(c: HonoContext<AppEnv>): { base: string; waitlistId: string; id: string } {
  const waitlistId = c.req.param('id') ?? ''
  return {
    base: `/o/${c.var.ctx.organisation.slug}/waitlists/${waitlistId}`,
    waitlistId,
    id: c.req.param('subscriber') ?? '',
  }
}

function readBefore(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined
}
