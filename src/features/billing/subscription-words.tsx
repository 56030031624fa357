import { dayInWords } from '../../platform/day-in-words.ts'
import { planRules } from '../plans/plan-rules.ts'
import { type Billing, isLive, problemOf } from './billing-account.ts'

/** How the subscription goes on, in one sentence. */
export function SubscriptionLine({ billing: { account }, plan }: { billing: Billing; plan: string }) {
  if (!account || !isLive(account.status))
    return plan === 'free' ? (
      <>The plan follows the subscription; there is none at present.</>
    ) : (
      <>It was set by whoever runs this server; no subscription is paid for.</>
    )
  const { status, ends_at, renews_at, ends_with_organisation } = account
  if (ends_with_organisation)
    return <>Stripe is being told that the organisation is back; in a minute the subscription is as it was.</>
  if (ends_at) return <>The subscription was cancelled and ends on {dayInWords(ends_at)}; then the plan is Free.</>
  if (status === 'active' && renews_at) return <>The subscription renews on {dayInWords(renews_at)}.</>
  if (status === 'trialing' && renews_at) return <>The trial ends on {dayInWords(renews_at)}.</>
  return <>The plan follows the subscription.</>
}

/** What is wrong with the subscription, and what to do. */
export function SubscriptionBanner({ billing: { account, graceEndsAt, now } }: { billing: Billing }) {
  if (!account) return null
  const problem = problemOf(account.status)
  const keptUntil = account.plan !== 'free' && graceEndsAt && graceEndsAt > now ? graceEndsAt : undefined
  return (
    <>
      {problem ? (
        <div class="banner bad">
          <p>
            <strong>{problem}</strong>{' '}
            {keptUntil
              ? `The plan stays ${planRules(account.plan).label} until ${dayInWords(keptUntil)}.`
              : 'So the plan is Free for now, and nothing is lost.'}
          </p>
          <p>
            {keptUntil
              ? 'Pay, or change the card, under Manage billing until then, and it goes on as if nothing had been.'
              : 'Pay, or change the card, under Manage billing: the plan and the API keys are back at once.'}
          </p>
        </div>
      ) : null}
      {account.live_subscriptions > 1 ? (
        <div class="banner warn">
          <p>
            <strong>{account.live_subscriptions} subscriptions run at the same time.</strong> The greater plan counts.
            Cancel the one you do not want under Manage billing.
          </p>
        </div>
      ) : null}
    </>
  )
}

/** Invoices, cards and the subscription itself, at Stripe. */
export function ManageBilling({ slug }: { slug: string }) {
  return (
    <form method="post" action={`/o/${slug}/plan/portal`}>
      <input type="hidden" name="task" value="manage" />
      <button type="submit" class="button plain">
        Manage billing
      </button>
    </form>
  )
}
