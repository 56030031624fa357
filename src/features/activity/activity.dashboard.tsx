import type { Hono } from 'hono'
import { requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { planRules } from '../plans/plan-rules.ts'
import { findEmailsOf } from '../subscribers/find-emails-of.ts'
import { type Activity, isActivityAction } from './activity.ts'
import { ActivityDetailsPage } from './activity-details-page.tsx'
import { ActivityPage } from './activity-page.tsx'
import { type ActivityFilter, listActivities, listActors } from './list-activities.ts'

const limit = 50
const dayMs = 86_400_000

/** The Activity log and the details of a row. */
export function activityRoutes(app: Hono<AppEnv>): void {
  app.get('/o/:slug/activity', async (c) => {
    const { ctx, frame } = c.var
    requireRole(ctx, 'admin')
    const query = (name: string) => c.req.query(name)?.slice(0, 100) ?? ''
    const sent = { action: query('action'), actor: query('actor'), from: query('from'), until: query('until') }
    const before = /^[0-9]{1,15}$/.test(query('before')) ? Number(query('before')) : undefined
    const keptDays = planRules(ctx.organisation.plan).activityDays
    const { items, older } = await listActivities(ctx, { filter: readFilter(sent), before, limit, keptDays })
    const filters = Object.entries(sent).filter(([, value]) => value)
    const base = `/o/${ctx.organisation.slug}/activity`
    return renderPage(
      c,
      <ActivityPage
        frame={frame}
        items={items}
        older={
          older === undefined ? undefined : `${base}?${new URLSearchParams([...filters, ['before', String(older)]])}`
        }
        newest={before === undefined ? undefined : `${base}?${new URLSearchParams(filters)}`}
        actors={await listActors(ctx)}
        filter={sent}
        subscribers={await findEmailsOf(ctx, subscriberIds(items))}
        keptDays={keptDays}
        now={ctx.now()}
      />,
    )
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

/** What a filter form says; anything odd in it filters nothing. */
function readFilter(sent: { action: string; actor: string; from: string; until: string }): ActivityFilter {
  const actor = /^(user|api_key|subscriber|system)(?::([A-Za-z0-9_]*))?$/.exec(sent.actor)
  const until = readDay(sent.until)
  return {
    action: isActivityAction(sent.action) ? sent.action : undefined,
    actor: actor
      ? { type: actor[1] as Activity['actor']['type'], ...(actor[2] === undefined ? {} : { id: actor[2] || null }) }
      : undefined,
    from: readDay(sent.from),
    until: until ? new Date(until.getTime() + dayMs) : undefined,
  }
}

/** The beginning of a day, UTC. */
function readDay(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  const day = new Date(`${text}T00:00:00Z`)
  return Number.isNaN(day.getTime()) || day.getUTCFullYear() < 1 ? undefined : day
}

function subscriberIds(items: Activity[]): string[] {
  return items.flatMap((item) =>
    item.targets.filter((target) => target.type === 'subscriber').map((target) => target.id),
  )
}
