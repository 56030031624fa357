import type { CommandList, ListedRow } from '../../platform/cli/command-list.ts'
import { writeToStdout } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { planRules } from '../plans/plan-rules.ts'
import { toActivityJson } from './activity.ts'
import { takeActivityFilter } from './activity-filter.ts'
import { type ExportFormat, exportActivities } from './export-activities.ts'
import { listActivities } from './list-activities.ts'

const pageRows = 1_000

/** The newest rows of the log. @throws AppError `validation_failed` for a limit that is none. */
export function activityList(ctx: Context, options: { limit: string }): CommandList {
  const limit = /^[0-9]{1,5}$/.test(options.limit) ? Number(options.limit) : 0
  if (limit < 1 || limit > 10_000) throw new AppError('validation_failed', '--limit takes a number from 1 to 10000.')
  const keptDays = planRules(ctx.organisation.plan).activityDays
  return {
    pages: listedActivities(ctx, limit, keptDays),
    empty:
      keptDays === null ? 'Nothing has happened yet.' : `Nothing in the last ${keptDays} days, which this plan shows.`,
  }
}

async function* listedActivities(ctx: Context, limit: number, keptDays: number | null): AsyncGenerator<ListedRow[]> {
  let before: number | undefined
  for (let left = limit; left > 0; left -= pageRows) {
    const { items, older } = await listActivities(ctx, { before, limit: Math.min(left, pageRows), keptDays })
    yield items.map((item) => ({
      json: toActivityJson(item),
      columns: {
        when: item.occurred_at.toISOString(),
        actor: item.actor.type === 'api_key' ? `${item.actor.name} (API key)` : item.actor.name,
        action: item.action,
        target: item.targets.map((target) => target.name ?? target.id).join(' '),
      },
    }))
    if (older === undefined) return
    before = older
  }
}

/** The file goes to stdout; nothing else does. @throws AppError `validation_failed` for a filter that is none. */
export async function activityExport(
  ctx: Context,
  options: { format: ExportFormat; onlyApiKeys?: boolean } & Record<string, string | boolean | undefined>,
): Promise<void> {
  const given = (name: string) =>
    name === 'only_api_keys' ? (options.onlyApiKeys ? '1' : '') : String(options[name] ?? '')
  const filter = takeActivityFilter(given)
  const keptDays = planRules(ctx.organisation.plan).activityDays
  try {
    await writeToStdout(ctx, await exportActivities(ctx, { filter, format: options.format, keptDays }))
  } catch (error) {
    if (!(error instanceof AppError) || error.errors.length === 0) throw error
    const told = error.errors.map((one) => `${'pointer' in one ? one.pointer.replace('#/', '--') : ''}: ${one.detail}`)
    throw new AppError('validation_failed', told.join('\n'))
  }
}
