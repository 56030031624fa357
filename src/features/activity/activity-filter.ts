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

/** Takes what was sent, without what is odd in it: that filters nothing. */
export function cleanActivityFilter(read: (name: string) => string | undefined): SentActivityFilter {
  const given = (name: string, isGood: (text: string) => unknown) => {
    const text = read(name) ?? ''
    return isGood(text) ? text : ''
  }
  return {
    action: given('action', isActivityAction),
    actor: given('actor', (text) =>
      /^(?:(?:user|api_key):[A-Za-z0-9_]{1,64}|user|api_key|subscriber|system)$/.test(text),
    ),
    only_api_keys: given('only_api_keys', Boolean) && '1',
    target: given('target', (text) => /^[A-Za-z0-9_]{1,64}$/.test(text)),
    from: given('from', readDay),
    until: given('until', readDay),
  }
}

export function readActivityFilter(sent: SentActivityFilter): ActivityFilter {
  const [type, id] = sent.actor.split(':')
  const until = readDay(sent.until)
  return {
    action: isActivityAction(sent.action) ? sent.action : undefined,
    actor: type ? { type: type as ActivityActor['type'], ...(id ? { id } : {}) } : undefined,
    onlyApiKeys: sent.only_api_keys !== '',
    target: sent.target || undefined,
    from: readDay(sent.from),
    // The whole of the last day.
    until: until && new Date(until.getTime() + dayMs),
  }
}

/** The part of an address that says the filter, and `more`. */
export function toQuery(sent: Partial<SentActivityFilter>, more: Record<string, string> = {}): string {
  const set = Object.entries({ ...sent, ...more }).filter(([, value]) => value)
  return set.length === 0 ? '' : `?${new URLSearchParams(set)}`
}

/** The beginning of a day, UTC. */
function readDay(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  const day = new Date(`${text}T00:00:00Z`)
  return Number.isNaN(day.getTime()) || day.getUTCFullYear() < 1 ? undefined : day
}
