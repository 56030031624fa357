import type { Role } from '../../platform/context.ts'
import { roleLabels } from '../organisations/role-labels.ts'
import { isPlan, planRules } from '../plans/plan-rules.ts'
import { type Activity, activityActions } from './activity.ts'

/** What somebody did, with the old and the new value where the row's changes hold both: "changed the plan from Free to Pro". */
export function activityInWords({ action, changes }: Pick<Activity, 'action' | 'changes'>): string {
  const words = activityActions[action]
  const label = action === 'plan.changed' ? planLabel : action === 'member.role_changed' ? roleLabel : undefined
  const field = action === 'plan.changed' ? 'plan' : 'role'
  const [before, after] = [label?.(changes?.before?.[field]), label?.(changes?.after?.[field])]
  return before && after ? `${words} from ${before} to ${after}` : words
}

function planLabel(plan: unknown): string | undefined {
  if (typeof plan !== 'string' || plan === '') return undefined
  return isPlan(plan) ? planRules(plan).label : plan
}

function roleLabel(role: unknown): string | undefined {
  return typeof role === 'string' && Object.hasOwn(roleLabels, role) ? roleLabels[role as Role] : undefined
}
