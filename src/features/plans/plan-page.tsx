import type { Child } from 'hono/jsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { type Plan, planNames, planRules } from './plan-rules.ts'

export interface PlanUse {
  waitlists: number
  members: number
  keys: number
}

interface PlanPageProps {
  frame: Frame
  plan: string
  use: PlanUse
  /** False where the plan follows a subscription. */
  switchable: boolean
  notice?: string | undefined
  dialog?: Child
}

/** What each plan allows, what is used of it, and the owner's switch. */
export function PlanPage({ frame, plan, use, switchable, notice, dialog }: PlanPageProps) {
  const base = `/o/${frame.organisation?.slug}/plan`
  const asleep = use.keys > 0 && !planRules(plan).apiAccess
  return (
    <PageLayout title="Plan" frame={frame} current="plan" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>Plan</h1>
          <p>
            This organisation is on <strong>{planRules(plan).label}</strong>.{' '}
            {switchable
              ? 'No billing provider is configured here, so its owner switches the plan.'
              : 'The plan follows the subscription.'}
          </p>
        </div>
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      {asleep ? (
        <div class="banner warn">
          <p>
            {use.keys === 1 ? 'Your API key is asleep' : `Your ${use.keys} API keys are asleep`} until the plan is Pro
            or Team again. <a href={`/o/${frame.organisation?.slug}/api-keys`}>See them</a>
          </p>
        </div>
      ) : null}
      <div class="stack-large">
        <div class="tiles">
          {planNames.map((name) => (
            <PlanCard name={name} current={plan} use={use} switchable={switchable} base={base} />
          ))}
        </div>
        <p>
          <a href={`/o/${frame.organisation?.slug}/settings`}>Rename or delete this organisation</a>
        </p>
      </div>
    </PageLayout>
  )
}

function PlanCard(props: { name: Plan; current: string; use: PlanUse; switchable: boolean; base: string }) {
  const { name, current, use, switchable, base } = props
  const rules = planRules(name)
  const isCurrent = name === current
  return (
    <section class="card stack">
      <div class="row">
        <h2>{rules.label}</h2>
        {isCurrent ? <span class="badge accent">Current plan</span> : null}
      </div>
      <dl class="facts">
        <dt>API keys</dt>
        <dd>{rules.apiAccess ? 'Yes, and the customer API' : 'No'}</dd>
        <dt>Waitlists</dt>
        <dd>
          {rules.maxWaitlists ?? 'Unlimited'}
          {isCurrent ? <span class="quiet"> ({use.waitlists} used)</span> : null}
        </dd>
        <dt>Members</dt>
        <dd>
          {rules.maxMembers ?? 'Unlimited'}
          {isCurrent ? <span class="quiet"> ({use.members} used)</span> : null}
        </dd>
        <dt>Activity log</dt>
        <dd>
          {rules.activityDays === null
            ? 'For good'
            : rules.activityDays === 365
              ? '1 year'
              : `${rules.activityDays} days`}
        </dd>
      </dl>
      {isCurrent || !switchable ? null : (
        <div>
          <a class="button plain" id={`switch-to-${name}`} href={`${base}/switch/${name}`}>
            Switch to {rules.label}
          </a>
        </div>
      )}
    </section>
  )
}
