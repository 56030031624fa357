import { type CommandResult, toTable } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { planRules } from '../plans/plan-rules.ts'
import { toActivityJson } from './activity.ts'
import { listActivities } from './list-activities.ts'

export async function activityList(ctx: Context, options: { limit: string }): Promise<CommandResult> {
  const limit = /^[0-9]{1,5}$/.test(options.limit) ? Number(options.limit) : 0
  if (limit < 1 || limit > 10_000) throw new AppError('validation_failed', '--limit takes a number from 1 to 10000.')
  const { items } = await listActivities(ctx, { limit, keptDays: planRules(ctx.organisation.plan).activityDays })
  return {
    json: { items: items.map(toActivityJson) },
    text: toTable(
      items.map((item) => ({
        when: item.occurred_at.toISOString(),
        actor: item.actor.type === 'api_key' ? `${item.actor.name} (API key)` : item.actor.name,
        action: item.action,
        target: item.targets.map((target) => target.name ?? target.id).join(' '),
      })),
      'Nothing has happened yet.',
    ),
  }
}
