import type { TransactionContext } from '../../platform/context.ts'
import { minuteInWords } from '../../platform/day-in-words.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import { mailOwners } from '../organisations/mail-owners.ts'
import { countAffectedKeys } from '../plans/count-affected-keys.ts'
import { planRules } from '../plans/plan-rules.ts'

/** Tells the owners that a payment failed while there is time to pay, and what follows when that is over. */
export async function mailFailedPayment(ctx: TransactionContext, plan: string, keptUntil: Date): Promise<void> {
  const { slug } = ctx.organisation
  const name = nameInMail(ctx.organisation.name)
  const keys = await countAffectedKeys(ctx)
  if (keys === undefined) return
  const fall = keys === 1 ? 'its API key falls asleep' : `its ${keys} API keys fall asleep`
  await mailOwners(ctx, {
    subject: `A payment for ${name} failed`,
    text: `The last payment for ${name} failed. The plan stays ${planRules(plan).label} until ${minuteInWords(keptUntil)}. If nothing is paid by then, the plan is Free${keys > 0 ? ` and ${fall}: calls answer 403 feature_not_allowed` : ''}.

Pay, or change the card, under Manage billing, and it goes on as if nothing had been:

${ctx.config.publicUrl}/o/${slug}/plan
`,
  })
}
