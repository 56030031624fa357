import { dayInWords } from '../../platform/day-in-words.ts'
import type { FrameBanner } from '../../platform/ui/page-layout.tsx'
import { planRules } from '../plans/plan-rules.ts'
import type { Trouble } from './find-trouble.ts'

/** Stands on every page but those that say the same in more words. */
export function troubleBanner(trouble: Trouble, plan: string, ownersPlanHref: string | undefined): FrameBanner {
  const { problem } = trouble
  return {
    notOn: problem ? ['plan'] : ['plan', 'api-keys'],
    content: (
      <div class={problem ? 'banner bad' : 'banner warn'}>
        <p>
          {problem ? <strong>{problem}</strong> : null} {consequence(trouble, plan)}{' '}
          {ownersPlanHref ? (
            <a href={ownersPlanHref}>Go to the Plan page</a>
          ) : problem ? (
            'The owner of this organisation can pay, or change the card.'
          ) : (
            'The owner of this organisation can change the plan.'
          )}
        </p>
      </div>
    ),
  }
}

function consequence({ keptUntil, keys }: Trouble, plan: string): string {
  const { label, apiAccess } = planRules(plan)
  if (keptUntil) {
    const then =
      keys === 0 ? 'then it is Free' : keys === 1 ? 'then the API key falls asleep' : 'then the API keys fall asleep'
    return `The plan stays ${label} until ${dayInWords(keptUntil)}; ${then}.`
  }
  if (apiAccess) return ''
  if (keys === 0) return `So the plan is ${label} for now.`
  return `${keys === 1 ? 'The API key is asleep and answers' : `All ${keys} API keys are asleep and answer`} 403 while the plan is ${label}.`
}
