import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { type Billing, findBilling } from '../billing/billing-account.ts'
import { syncOnReturn } from '../billing/sync-on-return.ts'
import { countUse } from '../organisations/count-use.ts'
import { PlanPage } from './plan-page.tsx'
import { isPlan, planRules } from './plan-rules.ts'
import { isSwitchedByOwner, setPlan } from './set-plan.ts'

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

/** What a switch to a smaller plan means for what is in use. */
function Losses({ from, to, use }: { from: string; to: string; use: { waitlists: number; members: number } }) {
  const [before, after] = [planRules(from), planRules(to)]
  const over = [
    [use.waitlists, after.maxWaitlists, 'waitlist'] as const,
    [use.members, after.maxMembers, 'member'] as const,
  ].flatMap(([used, allowed, one]) =>
    allowed !== null && used > allowed
      ? [
          `You have ${used} ${one}s and ${after.label} allows ${allowed}: all of them stay, and no ${one} can be added until they fit.`,
        ]
      : [],
  )
  const shortened =
    after.activityDays !== null && after.activityDays < (before.activityDays ?? Number.POSITIVE_INFINITY)
      ? `The Activity log shows the last ${after.activityDays} days. What is older is hidden at once, and deleted 30 days later at the earliest.`
      : undefined
  return (
    <>
      {[...over, ...(shortened ? [shortened] : [])].map((sentence) => (
        <p>{sentence}</p>
      ))}
      <p>You can switch back at any time.</p>
    </>
  )
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
    if (!isSwitchedByOwner(ctx)) return c.redirect(`/o/${ctx.organisation.slug}/plan`, 303)
    const plan = c.req.param('plan')
    if (!isPlan(plan)) throw new AppError('not_found', 'There is no such plan.')
    const base = `/o/${ctx.organisation.slug}/plan`
    const use = await countUse(ctx)
    const { keys } = use
    const losesAccess = planRules(ctx.organisation.plan).apiAccess && !planRules(plan).apiAccess
    const dialog = (
      <ConfirmDialog
        id="switch"
        title={`Switch to ${planRules(plan).label}?`}
        action={base}
        verb={`Switch to ${planRules(plan).label}`}
        closeHref={`${base}#switch-to-${plan}`}
        fields={{ plan }}
        danger={losesAccess}
      >
        {losesAccess && keys > 0 ? (
          <p>
            {keys === 1 ? 'Your API key falls' : `Your ${keys} API keys fall`} asleep at once: calls answer{' '}
            <code>403 feature_not_allowed</code>. {keys === 1 ? 'It wakes' : 'They wake'} as soon as the plan is back.
          </p>
        ) : null}
        <Losses from={ctx.organisation.plan} to={plan} use={use} />
      </ConfirmDialog>
    )
    return show(c, dialog)
  })

  app.post('/o/:slug/plan', async (c) => {
    await setPlan(c.var.ctx, (await readForm(c)).text('plan'))
    return c.redirect(`/o/${c.var.ctx.organisation.slug}/plan?changed=1`, 303)
  })
}
