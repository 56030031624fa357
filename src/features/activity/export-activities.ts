import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { guardCell, toCsvLine } from '../../platform/csv/csv-line.ts'
import type { Activity } from './activity.ts'
import { readActivityFilter, type SentActivityFilter } from './activity-filter.ts'
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
 * line, in pieces of a thousand rows, so that a million need no more memory. One activity, written before the first piece
 * and not in the file: who breaks off has had what came until then.
 * @throws AppError `forbidden`.
 */
export async function exportActivities(
  ctx: Context,
  options: { filter: SentActivityFilter; format: ExportFormat; keptDays: number | null },
): Promise<AsyncGenerator<string>> {
  requireRole(ctx, 'admin')
  const { filter: sent, format, keptDays } = options
  const number = await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    const { id, name } = ctx.organisation
    const filter = Object.fromEntries(Object.entries(sent).filter(([, value]) => value))
    return recordActivity(ctx, {
      action: 'activity.exported',
      targets: [{ type: 'organisation', id, name }],
      changes: { after: { format, ...filter } },
    })
  })
  const at = ctx.now()
  return write({ ...ctx, now: () => at }, readActivityFilter(sent), number)

  async function* write(
    ctx: Context,
    filter: ReturnType<typeof readActivityFilter>,
    last: number,
  ): AsyncGenerator<string> {
    if (format === 'csv') yield toCsvLine(columns)
    for (let before: number | undefined = last; before !== undefined; ) {
      ctx.stopping?.throwIfAborted()
      const { items, older }: Awaited<ReturnType<typeof listActivities>> = await listActivities(ctx, {
        ...{ filter, before, keptDays },
        limit: pageRows,
      })
      if (items.length > 0) yield items.map(format === 'csv' ? toCsv : toJsonLine).join('')
      before = older
    }
  }
}

const columns = [
  ...['number', 'id', 'occurred_at', 'action', 'actor_type', 'actor_id', 'actor_name'],
  ...['target_type', 'target_id', 'target_name', 'targets', 'changes', 'request_id', 'ip', 'user_agent'],
]

function toCsv(activity: Activity): string {
  const { actor, targets, changes } = activity
  const [target] = targets
  const cells = [
    ...[activity.number, activity.id, activity.occurred_at.toISOString(), activity.action],
    ...[actor.type, actor.id, actor.name, target?.type, target?.id, target?.name],
    ...[JSON.stringify(targets), changes && JSON.stringify(changes)],
    ...[activity.request_id, activity.ip, activity.user_agent],
  ]
  return toCsvLine(cells.map((cell) => guardCell(String(cell ?? ''))))
}

function toJsonLine(activity: Activity): string {
  const { number, id, occurred_at, action, actor, targets, changes, request_id, ip, user_agent } = activity
  return `${JSON.stringify({ number, id, occurred_at, action, actor, targets, changes, request_id, ip, user_agent })}\n`
}
