import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { type Billing, findBilling, findBillingAccount } from '../billing/billing-account.ts'
import { portalTaskFor } from '../billing/open-portal.ts'
import { syncOnReturn } from '../billing/sync-on-return.ts'
import { countUse } from '../organisations/count-use.ts'
import { PlanPage } from './plan-page.tsx'
import { isPlan, planRules } from './plan-rules.ts'
import { isSwitchedByOwner, setPlan } from './set-plan.ts'
import { SwitchDialog } from './switch-dialog.tsx'

function noticeOf(
  c: HonoContext<AppEnv>,
  billing: Billing | undefined,
): { kind: 'good' | 'warn'; text: string } | undefined {
  const { label } = planRules(c.var.ctx.organisation.plan)
  if (c.req.query('changed')) return { kind: 'good', text: `The plan is ${label} now.` }
  if (c.req.query('left')) return { kind: 'warn', text: 'You left the checkout before the end. Nothing was bought.' }
  if (!c.req.query('paid') || !billing) return undefined
  if (billing.account && billing.account.plan !== 'free')
    return { kind: 'good', text: `Thank you. The plan is ${label} now.` }
  return {
    kind: 'warn',
    text: 'Stripe has not confirmed the payment yet. As soon as it does, the plan changes by itself; reload this page to see.',
  }
}

/** The Plan page, for owners. */
export function planRoutes(app: Hono<AppEnv>): void {
  const show = async (c: HonoContext<AppEnv>, dialog?: Child) => {
    const { ctx, frame } = c.var
    const use = await countUse(ctx)
    const billing = await findBilling(ctx)
    return renderPage(
      c,
      <PlanPage
        frame={frame}
        plan={ctx.organisation.plan}
        use={use}
        billing={billing}
        notice={noticeOf(c, billing)}
        dialog={dialog}
      />,
    )
  }

  app.get('/o/:slug/plan', async (c) => {
    const back = c.req.query('back')
    if (back === undefined || isSwitchedByOwner(c.var.ctx)) return show(c)
    await syncOnReturn(c.var.ctx)
    return c.redirect(`/o/${c.var.ctx.organisation.slug}/plan${back === 'checkout' ? '?paid=1' : ''}`, 303)
  })

  app.get('/o/:slug/plan/switch/:plan', async (c) => {
    const { ctx } = c.var
    requireRole(ctx, 'owner')
    const plan = c.req.param('plan')
    if (!isPlan(plan)) throw new AppError('not_found', 'There is no such plan.')
    const base = `/o/${ctx.organisation.slug}/plan`
    const from = ctx.organisation.plan
    const account = isSwitchedByOwner(ctx) ? undefined : await findBillingAccount(ctx)
    const isPossible = account ? portalTaskFor(account, from, plan) !== undefined : isSwitchedByOwner(ctx)
    if (!isPossible) return c.redirect(base, 303)
    const use = await countUse(ctx)
    return show(c, <SwitchDialog from={from} to={plan} use={use} base={base} account={account} />)
  })

  app.post('/o/:slug/plan', async (c) => {
    await setPlan(c.var.ctx, (await readForm(c)).text('plan'))
    return c.redirect(`/o/${c.var.ctx.organisation.slug}/plan?changed=1`, 303)
  })
}
