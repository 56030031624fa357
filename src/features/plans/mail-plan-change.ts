import type { TransactionContext } from '../../platform/context.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import { mailOwners } from '../organisations/mail-owners.ts'
import { countAffectedKeys } from './count-affected-keys.ts'
import { planRules } from './plan-rules.ts'

/**
 * Tells the owners that API keys fell asleep, or woke, with the change that did it; whoever changed it by hand knows. `why` is
 * a sentence of something that nobody here did: then an end of API access is told where no key is affected, too.
 */
export async function mailPlanChange(ctx: TransactionContext, before: string, after: string, why?: string) {
  const { apiAccess, label } = planRules(after)
  if (apiAccess === planRules(before).apiAccess) return
  const keys = await countAffectedKeys(ctx)
  if (keys === undefined || (keys === 0 && (apiAccess || why === undefined))) return
  const { slug } = ctx.organisation
  const name = nameInMail(ctx.organisation.name)
  const [its, are] = keys === 1 ? ['Its API key', 'is'] : [`Its ${keys} API keys`, 'are']
  const consequence = apiAccess
    ? `${its} ${keys === 1 ? 'works' : 'work'} again, as ${keys === 1 ? 'it was' : 'they were'}.`
    : keys > 0
      ? `${its} ${are} asleep: calls answer 403 feature_not_allowed until the plan is Pro or Team again. Then the same ${keys === 1 ? 'key works' : 'keys work'}.`
      : 'Nothing is lost.'
  const subject = apiAccess
    ? `The API keys of ${name} work again`
    : keys > 0
      ? `The API keys of ${name} are asleep`
      : `${name} is on the ${label} plan`
  await mailOwners(
    ctx,
    {
      subject,
      text: `${why ?? `${nameInMail(ctx.actor.name)} changed the plan.`} The plan of ${name} is ${label} now. ${consequence}

${ctx.config.publicUrl}/o/${slug}/plan
`,
    },
    { but: ctx.actor.id },
  )
}
