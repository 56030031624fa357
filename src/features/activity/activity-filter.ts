import { validationFailed } from '../../platform/parse-input.ts'
import { type ActivityAction, type ActivityActor, isActivityAction } from './activity.ts'

/** What of the log is wanted; all of it must hold. */
export interface ActivityFilter {
  action?: ActivityAction | undefined
  /** A person or a key by id, or everybody of a type. */
  actor?: { type: ActivityActor['type']; id?: string } | undefined
  onlyApiKeys?: boolean | undefined
  /** The id of anything that a row is about. */
  target?: string | undefined
  /** Inclusive. */
  from?: Date | undefined
  /** Exclusive. */
  until?: Date | undefined
}

/** A filter as it stands in an address, in a form and in the log; what is empty filters nothing. */
export interface SentActivityFilter {
  action: string
  actor: string
  only_api_keys: string
  target: string
  from: string
  until: string
}

const dayMs = 86_400_000

/** Takes what was sent as it is, right or wrong. */
export function takeActivityFilter(read: (name: string) => string | undefined): SentActivityFilter {
  const given = (name: string) => (read(name) ?? '').trim()
  return {
    action: given('action'),
    actor: given('actor'),
    only_api_keys: given('only_api_keys') && '1',
    target: given('target'),
    from: given('from'),
    until: given('until'),
  }
}

/** @throws AppError `validation_failed` for a filter with a mistake in it, which would else show more than was asked for. */
export function readActivityFilter(sent: SentActivityFilter): ActivityFilter {
  const [type, id] = sent.actor.split(':')
  const [from, until] = [readDay(sent.from), readDay(sent.until)]
  const isDay = (text: string, day: Date | undefined) => text === '' || day !== undefined
  const noDay = 'There is no such day. Write it like 2026-05-03.'
  const wrong: [keyof SentActivityFilter, boolean, string][] = [
    ['action', sent.action !== '' && !isActivityAction(sent.action), 'There is no such action.'],
    [
      'actor',
      !/^(?:|(?:user|api_key):[A-Za-z0-9_]{1,64}|user|api_key|subscriber|system)$/.test(sent.actor),
      'There is no such actor.',
    ],
    ['target', !/^[A-Za-z0-9_]{0,64}$/.test(sent.target), 'There is nothing with such an id.'],
    ['from', !isDay(sent.from, from), noDay],
    ['until', !isDay(sent.until, until), noDay],
    ['until', from !== undefined && until !== undefined && until < from, 'This is before the first day.'],
  ]
  const problems = wrong.filter(([, isWrong]) => isWrong)
  if (problems.length > 0)
    throw validationFailed(problems.map(([name, , detail]) => ({ pointer: `#/${name}`, code: 'refused', detail })))
  return {
    action: isActivityAction(sent.action) ? sent.action : undefined,
    actor: type ? { type: type as ActivityActor['type'], ...(id ? { id } : {}) } : undefined,
    onlyApiKeys: sent.only_api_keys !== '',
    target: sent.target || undefined,
    from,
    // The whole of the last day.
    until: until && new Date(until.getTime() + dayMs),
  }
}

/** The part of an address that says the filter, and `more`. */
export function toQuery(sent: Partial<SentActivityFilter>, more: Record<string, string> = {}): string {
  const set = Object.entries({ ...sent, ...more }).filter(([, value]) => value)
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`
}

/** The beginning of a day that there is, UTC. */
function readDay(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  const day = new Date(`${text}T00:00:00Z`)
  const isOne = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text) && day.getUTCFullYear() > 0
  return isOne ? day : undefined
}
