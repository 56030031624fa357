import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import { countUse } from '../organisations/count-use.ts'
import { PlanPage } from './plan-page.tsx'
import { isPlan, planRules } from './plan-rules.ts'
import { isSwitchedByOwner, setPlan } from './set-plan.ts'

/** The Plan page, for owners. */
export function planRoutes(app: Hono<AppEnv>): void {
  const show = async (c: HonoContext<AppEnv>, dialog?: Child) => {
    const { ctx, frame } = c.var
    const use = await countUse(ctx)
    const notice = c.req.query('changed') ? `The plan is ${planRules(ctx.organisation.plan).label} now.` : undefined
    return renderPage(
      c,
      <PlanPage
        frame={frame}
        plan={ctx.organisation.plan}
        use={use}
        switchable={isSwitchedByOwner(ctx)}
        notice={notice}
        dialog={dialog}
      />,
    )
  }

  app.get('/o/:slug/plan', (c) => show(c))

  app.get('/o/:slug/plan/switch/:plan', async (c) => {
    const { ctx } = c.var
    requireRole(ctx, 'owner')
    if (!isSwitchedByOwner(ctx)) return c.redirect(`/o/${ctx.organisation.slug}/plan`, 303)
    const plan = c.req.param('plan')
    if (!isPlan(plan)) throw new AppError('not_found', 'There is no such plan.')
    const base = `/o/${ctx.organisation.slug}/plan`
    const { keys } = await countUse(ctx)
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
        <p>Nothing is removed. Where more is in use than the plan allows, nothing can be added until it fits.</p>
      </ConfirmDialog>
    )
    return show(c, dialog)
  })

  app.post('/o/:slug/plan', async (c) => {
    await setPlan(c.var.ctx, (await readForm(c)).text('plan'))
    return c.redirect(`/o/${c.var.ctx.organisation.slug}/plan?changed=1`, 303)
  })
}
