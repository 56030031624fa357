import { countInWords } from '../../platform/ui/count-in-words.ts'
import { type Billing, isLive } from '../billing/billing-account.ts'
import { portalTaskFor } from '../billing/open-portal.ts'
import { isPlan, type Plan, planNames, planRules } from './plan-rules.ts'

export interface PlanUse {
  waitlists: number
  members: number
  keys: number
}

interface PlanCardProps {
  name: Plan
  current: string
  use: PlanUse
  billing: Billing | undefined
  base: string
}

/** One plan: what it costs and allows, how much of it is used, and the way to it. */
export function PlanCard({ name, current, use, billing, base }: PlanCardProps) {
  const rules = planRules(name)
  const isCurrent = name === current
  return (
    <section class="card stack">
      <div class="row">
        <h2>{rules.label}</h2>
        {isCurrent ? <span class="badge accent">Current plan</span> : null}
      </div>
      {billing ? <Price name={name} billing={billing} /> : null}
      <dl class="facts">
        <dt>API keys</dt>
        <dd>{rules.apiAccess ? 'Included' : 'Not included'}</dd>
        <dt>Waitlists</dt>
        <dd>
          {rules.maxWaitlists ?? 'Unlimited'}
          {isCurrent ? <Used count={use.waitlists} limit={rules.maxWaitlists} /> : null}
        </dd>
        <dt>Members</dt>
        <dd>
          {rules.maxMembers ?? 'Unlimited'}
          {isCurrent ? <Used count={use.members} limit={rules.maxMembers} /> : null}
        </dd>
        <dt>Activity log</dt>
        <dd>{historyOf(rules.activityDays)}</dd>
      </dl>
      {isCurrent && (rules.maxWaitlists ?? Infinity) < use.waitlists ? (
        <p class="small">Archive waitlists until they fit: archived ones do not count. Until then none can be added.</p>
      ) : null}
      {isCurrent && (rules.maxMembers ?? Infinity) < use.members ? (
        <p class="small">Nobody is removed, and nobody can be added until the members fit.</p>
      ) : null}
      {billing ? (
        <WayByStripe name={name} current={current} billing={billing} base={base} />
      ) : isCurrent ? null : (
        <div>
          <a class="button plain" id={`switch-to-${name}`} href={`${base}/switch/${name}`}>
            Switch to {rules.label}
          </a>
        </div>
      )}
    </section>
  )
}

/** Beside plans that cost something, Free says that it does not. */
function Price({ name, billing: { prices } }: { name: Plan; billing: Billing }) {
  const price = name === 'free' ? Object.keys(prices).length > 0 && 'Costs nothing' : prices[name]
  return price ? <p>{price}</p> : null
}

function Used({ count, limit }: { count: number; limit: number | null }) {
  return limit !== null && count > limit ? (
    <>
      {' '}
      <span class="badge warn">{countInWords(count)} used</span>
    </>
  ) : (
    <span class="quiet"> ({countInWords(count)} used)</span>
  )
}

function historyOf(days: number | null): string {
  if (days === null) return 'For good'
  return days === 365 ? '1 year' : `${days} days`
}

/** Without a subscription a plan is bought; with one it is changed or cancelled in Stripe's portal, after a word on what is lost. */
function WayByStripe({ name, current, billing, base }: Omit<PlanCardProps, 'use' | 'billing'> & { billing: Billing }) {
  const { label } = planRules(name)
  const { account } = billing
  if (!account || !isLive(account.status))
    return name === current || name === 'free' ? null : (
      <StripeForm action={`${base}/checkout`} field="plan" value={name} label={`Choose ${label}`} />
    )
  const task = portalTaskFor(account, current, name)
  if (task === undefined) return null
  if (task === 'switch' && isPlan(current) && planNames.indexOf(name) > planNames.indexOf(current))
    return <StripeForm action={`${base}/portal`} field="task" value={task} label={`Switch to ${label}`} plain />
  return (
    <div>
      <a class="button plain" id={`switch-to-${name}`} href={`${base}/switch/${name}`}>
        {task === 'cancel' ? 'Cancel the subscription' : `Switch to ${label}`}
      </a>
    </div>
  )
}

function StripeForm(props: { action: string; field: string; value: string; label: string; plain?: boolean }) {
  return (
    <form method="post" action={props.action}>
      <input type="hidden" name={props.field} value={props.value} />
      <button type="submit" class={props.plain ? 'button plain' : 'button'}>
        {props.label}
      </button>
    </form>
  )
}
