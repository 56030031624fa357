import type { Child } from 'hono/jsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import type { Billing } from '../billing/billing-account.ts'
import { ManageBilling, SubscriptionBanner, SubscriptionLine } from '../billing/subscription-words.tsx'
import { PlanCard, type PlanUse } from './plan-card.tsx'
import { planNames, planRules } from './plan-rules.ts'

interface PlanPageProps {
  frame: Frame
  plan: string
  use: PlanUse
  /** Where the plan follows a subscription. Undefined: the owner switches it. */
  billing: Billing | undefined
  notice?: { kind: 'good' | 'warn'; text: string } | undefined
  dialog?: Child
}

/** What each plan allows, what is used of it, and the owner's ways to another. */
export function PlanPage({ frame, plan, use, billing, notice, dialog }: PlanPageProps) {
  const slug = frame.organisation?.slug ?? ''
  const asleep = use.keys > 0 && !planRules(plan).apiAccess
  return (
    <PageLayout title="Plan" frame={frame} current="plan" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>Plan</h1>
          <p>
            This organisation is on <strong>{planRules(plan).label}</strong>.{' '}
            {billing ? (
              <SubscriptionLine billing={billing} plan={plan} />
            ) : (
              'No billing provider is configured here, so its owner switches the plan.'
            )}
          </p>
        </div>
        {billing?.account ? <ManageBilling slug={slug} /> : null}
      </div>
      {notice ? <Notice kind={notice.kind}>{notice.text}</Notice> : null}
      {billing ? <SubscriptionBanner billing={billing} /> : null}
      {asleep ? (
        <div class="banner warn">
          <p>
            {use.keys === 1 ? 'Your API key is asleep' : `Your ${use.keys} API keys are asleep`} until the plan is Pro
            or Team again. <a href={`/o/${slug}/api-keys`}>{use.keys === 1 ? 'See it' : 'See them'}</a>
          </p>
        </div>
      ) : null}
      <div class="stack-large">
        <div class="tiles">
          {planNames.map((name) => (
            <PlanCard name={name} current={plan} use={use} billing={billing} base={`/o/${slug}/plan`} />
          ))}
        </div>
        <p>
          <a href={`/o/${slug}/settings`}>Organisation settings</a>: its name and address, export, deletion
        </p>
      </div>
    </PageLayout>
  )
}
