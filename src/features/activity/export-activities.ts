import { type Context, inLaterSnapshot, inSnapshot, inTransaction, requireRole } from '../../platform/context.ts'
import { guardCell, toCsvLine } from '../../platform/csv/csv-line.ts'
import type { Activity } from './activity.ts'
import { readActivityFilter, type SentActivityFilter } from './activity-filter.ts'
import { activityInWords } from './activity-in-words.ts'
import { chainOwnActivities } from './chain-activities.ts'
import { type ChainLink, findChainLinks } from './find-chain-links.ts'
import { listActivities } from './list-activities.ts'
import { recordActivity } from './record-activity.ts'

const pageRows = 1_000

export const exportFormats = ['csv', 'jsonl'] as const
export type ExportFormat = (typeof exportFormats)[number]

export function isExportFormat(text: string): text is ExportFormat {
  return exportFormats.some((format) => format === text)
}

/**
 * The log, newest first, as far as the filter and the plan's window let it through: as CSV (RFC 4180) or one JSON object a
 * line with the hashes that chain it, in pieces of a thousand rows, so that a million need no more memory. One activity, written before the first piece
 * and not in the file: who breaks off has had what came until then.
 * @throws AppError `forbidden`, `validation_failed` for a filter with a mistake.
 */
export async function exportActivities(
  ctx: Context,
  options: { filter: SentActivityFilter; format: ExportFormat; keptDays: number | null },
): Promise<AsyncGenerator<string>> {
  requireRole(ctx, 'admin')
  const { filter: sent, format, keptDays } = options
  const filter = readActivityFilter(sent)
  const number = await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const { id, name } = ctx.organisation
    const given = Object.fromEntries(Object.entries(sent).filter(([, value]) => value))
    return recordActivity(ctx, {
      action: 'activity.exported',
      targets: [{ type: 'organisation', id, name }],
      changes: { after: { format, ...given } },
    })
  })
  const at = ctx.now()
  return write({ ...ctx, now: () => at }, number)

  async function* write(ctx: Context, last: number): AsyncGenerator<string> {
    if (format === 'csv') yield toCsvLine(columns)
    else await chainOwnActivities(ctx)
    for (let before: number | undefined = last; before !== undefined; ) {
      ctx.stopping?.throwIfAborted()
      const { items, older }: Awaited<ReturnType<typeof listActivities>> = await inLaterSnapshot(ctx, 'admin', (ctx) =>
        listActivities(ctx, { ...{ filter, before, keptDays }, limit: pageRows }),
      )
      if (items.length > 0) yield format === 'csv' ? items.map(toCsv).join('') : await toJsonLines(ctx, items)
      before = older
    }
  }
}

const columns = [
  ...['number', 'id', 'occurred_at', 'action', 'actor_type', 'actor_id', 'actor_name'],
  ...['target_type', 'target_id', 'target_name', 'targets', 'changes', 'request_id', 'ip', 'user_agent', 'summary'],
]

function toCsv(activity: Activity): string {
  const { actor, targets, changes } = activity
  const [target] = targets
  const cells = [
    ...[activity.number, activity.id, activity.occurred_at.toISOString(), activity.action],
    ...[actor.type, actor.id, actor.name, target?.type, target?.id, target?.name],
    ...[JSON.stringify(targets), changes && JSON.stringify(changes)],
    ...[activity.request_id, activity.ip, activity.user_agent, activityInWords(activity)],
  ]
  return toCsvLine(cells.map((cell) => guardCell(String(cell ?? ''))))
}

async function toJsonLines(ctx: Context, activities: Activity[]): Promise<string> {
  const numbers = activities.map(({ number }) => number)
  const links = await inSnapshot(ctx, (ctx) => findChainLinks(ctx, numbers))
  return activities.map((activity) => toJsonLine(ctx.organisation.id, activity, links.get(activity.number))).join('')
}

function toJsonLine(organisation_id: string, activity: Activity, link: ChainLink | undefined): string {
  const { number, id, action, actor, targets, changes, request_id, ip, user_agent } = activity
  const { occurred_at = activity.occurred_at, previous_hash = null, hash = null } = link ?? {}
  const row = { organisation_id, number, id, occurred_at, action, actor, targets, changes, request_id, ip, user_agent }
  return `${JSON.stringify({ ...row, previous_hash, hash })}\n`
}
