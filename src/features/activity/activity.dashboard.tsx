import type { Hono } from 'hono'
import { requireRole } from '../../platform/context.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { sendFile } from '../../platform/http/send-file.ts'
import { planRules } from '../plans/plan-rules.ts'
import { findEmailsOf } from '../subscribers/find-emails-of.ts'
import type { Activity } from './activity.ts'
import { ActivityDetailsPage } from './activity-details-page.tsx'
import { cleanActivityFilter, readActivityFilter, toQuery } from './activity-filter.ts'
import { ActivityPage } from './activity-page.tsx'
import { exportActivities, isExportFormat } from './export-activities.ts'
import { listActivities } from './list-activities.ts'
import { listActors } from './list-actors.ts'

const limit = 50

/** The Activity log and the details of a row. */
export function activityRoutes(app: Hono<AppEnv>): void {
  app.get('/o/:slug/activity', async (c) => {
    const { ctx, frame } = c.var
    requireRole(ctx, 'admin')
    const sent = cleanActivityFilter((name) => c.req.query(name))
    const before = /^[0-9]{1,15}$/.test(c.req.query('before') ?? '') ? Number(c.req.query('before')) : undefined
    const keptDays = planRules(ctx.organisation.plan).activityDays
    const filter = readActivityFilter(sent)
    const { items, older } = await listActivities(ctx, { filter, before, limit, keptDays })
    const base = `/o/${ctx.organisation.slug}/activity`
    const href = (before?: number) => `${base}${toQuery(sent, before === undefined ? {} : { before: String(before) })}`
    return renderPage(
      c,
      <ActivityPage
        frame={frame}
        items={items}
        older={older === undefined ? undefined : href(older)}
        newest={before === undefined ? undefined : href()}
        actors={await listActors(ctx)}
        filter={sent}
        subscribers={await findEmailsOf(ctx, subscriberIds(items))}
        keptDays={keptDays}
        now={ctx.now()}
      />,
    )
  })

  app.post('/o/:slug/activity/export', async (c) => {
    const { ctx } = c.var
    const form = await readForm(c)
    const format = form.text('format')
    if (!isExportFormat(format)) throw fieldError('format', 'refused', 'Choose csv or jsonl.')
    const keptDays = planRules(ctx.organisation.plan).activityDays
    const pieces = await exportActivities(ctx, { filter: cleanActivityFilter(form.text), format, keptDays })
    return sendFile(c, `${ctx.organisation.slug} activity ${ctx.now().toISOString().slice(0, 10)}`, format, pieces)
  })

  app.get('/o/:slug/activity/:number', async (c) => {
    const { ctx, frame } = c.var
    requireRole(ctx, 'admin')
    const text = c.req.param('number')
    const number = /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : 0
    const keptDays = planRules(ctx.organisation.plan).activityDays
    const { items } = await listActivities(ctx, { before: number + 1, limit: 1, keptDays })
    const [activity] = items
    if (activity?.number !== number)
      throw new AppError('not_found', 'There is no such row, or it is older than this plan shows.')
    const subscribers = await findEmailsOf(ctx, subscriberIds(items))
    return renderPage(
      c,
      <ActivityDetailsPage frame={frame} activity={activity} subscribers={subscribers} now={ctx.now()} />,
    )
  })
}

function subscriberIds(items: Activity[]): string[] {
  return items.flatMap((item) =>
    item.targets.filter((target) => target.type === 'subscriber').map((target) => target.id),
  )
}
