import type { Child } from 'hono/jsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import { planRules } from '../plans/plan-rules.ts'
import type { BroughtBy, HowJoined, SubscriberEvent } from './find-how-joined.ts'
import { referredRows, type SubscriberDetails } from './get-subscriber.ts'
import { PersonLink } from './person-link.tsx'

const numbers = new Intl.NumberFormat('en')

const happened: Record<SubscriberEvent['action'], string> = {
  'subscriber.joined': 'Added by',
  'subscriber.imported': 'imported by',
  'subscriber.confirmed': 'Confirmed by',
}

interface HistoryProps {
  person: SubscriberDetails
  /** Undefined for those who may not see the log. */
  how: HowJoined | undefined
  organisation: { slug: string; plan: string }
  waitlistBase: string
  now: Date
}

/** How a person came to the place they have, newest first. */
export function SubscriberHistory({ person, how, organisation, waitlistBase, now }: HistoryProps) {
  const moved = person.referred.filter((other) => other.places > 0)
  // What somebody earned stays theirs when whom they brought is gone.
  const others = person.referral_count - moved.length
  const rest = person.priority_score - moved.reduce((sum, { places }) => sum + places, 0)
  const joined = how?.events.some((event) => event.action !== 'subscriber.confirmed')
  const entries: { at: Date; words: Child }[] = [
    ...moved.map((other) => ({
      at: other.added_at,
      words: (
        <>
          Moved ahead by {placesInWords(other.places)}: <PersonLink person={other} base={waitlistBase} /> joined through
          them
        </>
      ),
    })),
    ...(how?.events ?? []).map((event) => ({
      // An import is logged at its end; the person came before.
      at: event.action === 'subscriber.imported' ? person.added_at : event.occurred_at,
      words: (
        <>
          {event.action === 'subscriber.imported' ? (
            <>
              <File broughtBy={how?.broughtBy} base={waitlistBase} />,{' '}
            </>
          ) : null}
          <Event event={event} base={`/o/${organisation.slug}`} />
        </>
      ),
    })),
    ...(joined
      ? []
      : [{ at: person.added_at, words: <Unlogged how={how} plan={organisation.plan} base={waitlistBase} /> }]),
  ].sort((a, b) => b.at.getTime() - a.at.getTime())
  return (
    <ol class="events">
      {others > 0 ? <li>{othersInWords(others, rest, person.referral_count > referredRows)}</li> : null}
      {entries.map(({ at, words }) => (
        <li>
          <span>{words}</span> <RelativeTime at={at} now={now} />
        </li>
      ))}
    </ol>
  )
}

function placesInWords(places: number): string {
  return places === 1 ? '1 place' : `${numbers.format(places)} places`
}

function othersInWords(others: number, places: number, areMany: boolean): string {
  const where = areMany ? 'on other pages or removed since' : 'removed since'
  return `Moved ahead by ${placesInWords(places)} for ${numbers.format(others)} more, ${where}: the places stay`
}

function Event({ event, base }: { event: SubscriberEvent; base: string }) {
  return (
    <>
      {event.actor.type === 'subscriber' ? (
        'By themselves'
      ) : (
        <>
          {happened[event.action]} <bdi>{event.actor.name}</bdi>
        </>
      )}{' '}
      {event.actor.type === 'api_key' ? <span class="badge accent">API key</span> : null}{' '}
      <a href={`${base}/activity/${event.number}`}>Details</a>
    </>
  )
}

/** Where the log has no row to show: it has not been written yet, or lies before what the plan shows. */
function Unlogged({ how, plan, base }: { how: HowJoined | undefined; plan: string; base: string }) {
  if (!how) return 'Joined'
  const { broughtBy, isBeforeLog } = how
  const beforeLog = isBeforeLog ? `, before what the ${planRules(plan).label} plan shows of the Activity log` : ''
  if (!broughtBy) return <>Joined{beforeLog}</>
  return (
    <>
      <File broughtBy={broughtBy} base={base} />
      {broughtBy.runningUnder === null ? (
        beforeLog
      ) : (
        <>
          , which <bdi>{broughtBy.runningUnder}</bdi> is importing
        </>
      )}
    </>
  )
}

function File({ broughtBy, base }: { broughtBy: BroughtBy | undefined; base: string }) {
  if (!broughtBy) return 'Came with a file'
  return (
    <>
      Came with{' '}
      <a href={`${base}/import/${broughtBy.import_id}`}>
        <bdi>{broughtBy.file_name}</bdi>
      </a>
    </>
  )
}
