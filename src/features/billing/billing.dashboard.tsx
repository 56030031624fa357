import type { Hono, Context as HonoContext } from 'hono'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { MessagePage } from '../../platform/ui/message-page.tsx'
import { beginCheckout } from './begin-checkout.ts'
import { openPortal, portalTasks } from './open-portal.ts'

/** The owner's ways to Stripe. */
export function billingRoutes(app: Hono<AppEnv>): void {
  app.post('/o/:slug/plan/checkout', async (c) => {
    const { url } = await beginCheckout(c.var.ctx, (await readForm(c)).text('plan'))
    return onToStripe(c, url)
  })

  app.post('/o/:slug/plan/portal', async (c) => {
    const sent = (await readForm(c)).text('task')
    const task = portalTasks.find((known) => known === sent)
    if (!task) throw new AppError('invalid_request', 'There is no such thing to do at Stripe.')
    const { url } = await openPortal(c.var.ctx, task)
    return onToStripe(c, url)
  })
}

/** A page of our own in between: a form may not lead to another site (Content-Security-Policy `form-action`), and Stripe's may be under any name. */
function onToStripe(c: HonoContext<AppEnv>, url: string) {
  const page = (
    <MessagePage title="On to Stripe" frame={c.var.frame}>
      <p>Stripe takes the payments here. Its page opens by itself; if it does not, follow the link.</p>
      <p>
        <a class="button" href={url} rel="noreferrer">
          Continue to Stripe
        </a>
      </p>
    </MessagePage>
  )
  return renderPage(c, page, 200, { Refresh: `0; url=${url}` })
}
