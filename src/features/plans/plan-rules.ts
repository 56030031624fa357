interface PlanRules {
  label: string
  /** API keys and the customer API. */
  apiAccess: boolean
  /** Archived waitlists do not count. Null: as many as you like. */
  maxWaitlists: number | null
  maxMembers: number | null
  /** How long the activity log is shown. Null: for good. */
  activityDays: number | null
}

/** What each plan allows: the one place that knows. */
const plans = {
  free: { label: 'Free', apiAccess: false, maxWaitlists: 1, maxMembers: 1, activityDays: 30 },
  pro: { label: 'Pro', apiAccess: true, maxWaitlists: 10, maxMembers: 3, activityDays: 365 },
  team: { label: 'Team', apiAccess: true, maxWaitlists: null, maxMembers: null, activityDays: null },
} as const satisfies Record<string, PlanRules>

export type Plan = keyof typeof plans

export const planNames = Object.keys(plans) as Plan[]

export const plansWithApiAccess = planNames.filter((plan) => plans[plan].apiAccess)

export function isPlan(text: string): text is Plan {
  return Object.hasOwn(plans, text)
}

/** @throws Error for a plan that does not exist: the database held what nobody could write. */
export function planRules(plan: string): PlanRules {
  if (!isPlan(plan)) throw new Error(`there is no plan ${plan}`)
  return plans[plan]
}
