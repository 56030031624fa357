import { dayInWords } from '../../platform/day-in-words.ts'
import { countInWords } from '../../platform/ui/count-in-words.ts'
import { ConfirmDialog } from '../../platform/ui/dialog.tsx'
import type { BillingAccount } from '../billing/billing-account.ts'
import type { PlanUse } from './plan-card.tsx'
import { type Plan, planRules } from './plan-rules.ts'

interface SwitchDialogProps {
  from: string
  to: Plan
  use: PlanUse
  base: string
  /** The subscription that is changed or cancelled at Stripe. Undefined: the owner switches here and now. */
  account: BillingAccount | undefined
}

/** The question before another plan, and what is lost with it. */
export function SwitchDialog({ from, to, use, base, account }: SwitchDialogProps) {
  const { label, apiAccess } = planRules(to)
  const isCancelled = account !== undefined && to === 'free'
  return (
    <ConfirmDialog
      id="switch"
      title={isCancelled ? 'Cancel the subscription?' : `Switch to ${label}?`}
      action={account ? `${base}/portal` : base}
      verb={account ? 'Go on to Stripe' : `Switch to ${label}`}
      closeHref={`${base}#switch-to-${to}`}
      fields={account ? { task: isCancelled ? 'cancel' : 'switch' } : { plan: to }}
      danger={planRules(from).apiAccess && !apiAccess}
      {...(isCancelled ? { keep: 'Keep the subscription' } : {})}
    >
      {account ? <p>{whatStripeDoes(account, from, to)}</p> : null}
      <Losses from={from} to={to} use={use} when={account ? 'then' : 'at once'} />
      <p>
        {isCancelled
          ? 'Until the subscription has ended it can be taken up again under Manage billing; afterwards a plan can be bought again.'
          : 'You can switch back at any time.'}
      </p>
    </ConfirmDialog>
  )
}

function whatStripeDoes({ status, renews_at }: BillingAccount, from: string, to: Plan): string {
  if (to !== 'free') return 'Stripe shows what it costs and from when it counts, and asks once more.'
  if (from === 'free')
    return 'Stripe asks once more. The plan is Free already; once the subscription has ended, paying what is owed no longer brings the plan back.'
  const isPaid = (status === 'active' || status === 'trialing') && renews_at
  return isPaid
    ? `Stripe asks once more. The plan stays ${planRules(from).label} until what is paid for runs out, on ${dayInWords(renews_at)}; then it is Free.`
    : 'Stripe asks once more. When the subscription ends, the plan is Free.'
}

/** What a switch to a smaller plan means for what is in use. */
function Losses({ from, to, use, when }: { from: string; to: Plan; use: PlanUse; when: 'at once' | 'then' }) {
  const [before, after] = [planRules(from), planRules(to)]
  const over = [
    [use.waitlists, after.maxWaitlists, 'waitlist'] as const,
    [use.members, after.maxMembers, 'member'] as const,
  ].flatMap(([used, allowed, one]) => (allowed !== null && used > allowed ? [{ used, allowed, one }] : []))
  const isShortened =
    (after.activityDays ?? Number.POSITIVE_INFINITY) < (before.activityDays ?? Number.POSITIVE_INFINITY)
  const { keys } = use
  return (
    <>
      {keys > 0 && before.apiAccess && !after.apiAccess ? (
        <p>
          {keys === 1 ? 'Your API key falls' : `Your ${keys} API keys fall`} asleep {when}: calls answer{' '}
          <code class="whole">403 feature_not_allowed</code>. {keys === 1 ? 'It wakes' : 'They wake'} as soon as the
          plan is back.
        </p>
      ) : null}
      {over.map(({ used, allowed, one }) => (
        <p>
          You have {countInWords(used)} {one}s and {after.label} allows {allowed}: all of them stay, and no {one} can be
          added until they fit.
        </p>
      ))}
      {isShortened ? (
        <p>
          The Activity log shows the last {after.activityDays === 365 ? 'year' : `${after.activityDays} days`}. What is
          older is hidden {when}, and deleted 30 days later at the earliest.
        </p>
      ) : null}
    </>
  )
}
