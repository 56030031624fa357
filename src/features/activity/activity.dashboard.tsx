import type { Hono, Context as HonoContext } from 'hono'
import { requireRole } from '../../platform/context.ts'
import type { Downloads } from '../../platform/downloads.ts'
import { AppError, fieldError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { sendFile } from '../../platform/http/send-file.ts'
import { planRules } from '../plans/plan-rules.ts'
import { findEmailsOf } from '../subscribers/find-emails-of.ts'
import type { Activity } from './activity.ts'
import { ActivityDetailsPage } from './activity-details-page.tsx'
import {
  type ActivityFilter,
  readActivityFilter,
  type SentActivityFilter,
  takeActivityFilter,
  toQuery,
} from './activity-filter.ts'
import { ActivityPage } from './activity-page.tsx'
import { exportActivities, isExportFormat } from './export-activities.ts'
import { findActors } from './find-actors.ts'
import { listActivities } from './list-activities.ts'
import { listActors } from './list-actors.ts'

const limit = 50

/** The Activity log and the details of a row. */
export function activityRoutes(app: Hono<AppEnv>, downloads: Downloads): void {
  app.get('/o/:slug/activity', (c) =>
    show(
      c,
      takeActivityFilter((name) => c.req.query(name)),
    ),
  )

  app.post('/o/:slug/activity/export', async (c) => {
    const { ctx } = c.var
    const form = await readForm(c)
    const format = form.text('format')
    if (!isExportFormat(format)) throw fieldError('format', 'refused', 'Choose csv or jsonl.')
    const keptDays = planRules(ctx.organisation.plan).activityDays
    const filter = takeActivityFilter(form.text)
    try {
      return await sendFile(c, downloads, async () => ({
        name: `${ctx.organisation.slug} activity ${ctx.now().toISOString().slice(0, 10)}`,
        type: format,
        pieces: await exportActivities(ctx, { filter, format, keptDays }),
      }))
    } catch (error) {
      // The page finds the same mistakes, and tells them beside their fields.
      if (error instanceof AppError && error.code === 'validation_failed') return show(c, filter)
      throw error
    }
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

/** The page, or where the filter has a mistake nothing but that. */
async function show(c: HonoContext<AppEnv>, sent: SentActivityFilter) {
  const { ctx, frame } = c.var
  requireRole(ctx, 'admin')
  const before = /^[0-9]{1,15}$/.test(c.req.query('before') ?? '') ? Number(c.req.query('before')) : undefined
  const keptDays = planRules(ctx.organisation.plan).activityDays
  const { filter, error } = tryFilter(sent)
  const { items, older } = filter
    ? await listActivities(ctx, { filter, before, limit, keptDays })
    : { items: [], older: undefined }
  const who = (c.req.query('who') ?? '').trim().slice(0, 254)
  const base = `/o/${ctx.organisation.slug}/activity`
  const href = (before?: number) => `${base}${toQuery(sent, before === undefined ? {} : { before: String(before) })}`
  return renderPage(
    c,
    <ActivityPage
      frame={frame}
      items={items}
      older={older === undefined ? undefined : href(older)}
      newest={before === undefined ? undefined : href()}
      choice={who ? await findActors(ctx, who) : await listActors(ctx, { keptDays })}
      who={who}
      filter={sent}
      error={error}
      subscribers={await findEmailsOf(ctx, subscriberIds(items))}
      keptDays={keptDays}
      now={ctx.now()}
    />,
    error?.status ?? 200,
  )
}

function tryFilter(sent: SentActivityFilter): { filter?: ActivityFilter; error?: AppError } {
  try {
    return { filter: readActivityFilter(sent) }
  } catch (error) {
    if (error instanceof AppError) return { error }
    throw error
  }
}

function subscriberIds(items: Activity[]): string[] {
  return items.flatMap((item) =>
    item.targets.filter((target) => target.type === 'subscriber').map((target) => target.id),
  )
}
