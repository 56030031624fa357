import type { Child } from 'hono/jsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import type { SubscriberEvent } from './find-how-joined.ts'
import type { OtherSubscriber, SubscriberDetails } from './get-subscriber.ts'

const numbers = new Intl.NumberFormat('en')

interface SubscriberPageProps {
  frame: Frame
  waitlist: Waitlist
  person: SubscriberDetails
  /** Undefined for those who may not see the log. */
  events: SubscriberEvent[] | undefined
  isAdmin: boolean
  now: Date
  dialog?: Child
}

/** One person on a waitlist: where they stand, how they came there, who brought them and whom they brought. */
export function SubscriberPage({ frame, waitlist, person, events, isAdmin, now, dialog }: SubscriberPageProps) {
  const base = `/o/${frame.organisation?.slug}/waitlists/${waitlist.id}`
  return (
    <PageLayout title={person.email} frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>
            <bdi>{person.email}</bdi> {person.state === 'pending' ? <span class="badge warn">Pending</span> : null}
          </h1>
          <p>
            On <a href={base}>{waitlist.name}</a>
          </p>
        </div>
        {isAdmin ? (
          <a class="button danger-quiet" id="remove" href={`${base}/subscribers/${person.id}/remove`}>
            Remove
          </a>
        ) : null}
      </div>
      <div class="stack-large">
        <section class="card">
          <h2>Place in line</h2>
          <Facts person={person} waitlist={waitlist} base={base} now={now} />
        </section>
        <section class="card">
          <h2>History</h2>
          <History frame={frame} person={person} events={events} base={base} now={now} />
        </section>
        <section class="card" id="referred">
          <h2>Joined through them</h2>
          <Referred person={person} base={base} now={now} />
        </section>
      </div>
    </PageLayout>
  )
}

function Facts(props: { person: SubscriberDetails; waitlist: Waitlist; base: string; now: Date }) {
  const { person, waitlist, base, now } = props
  return (
    <dl class="facts">
      <dt>State</dt>
      <dd>{person.state === 'active' ? 'Active' : 'Pending: they have not confirmed their address yet'}</dd>
      <dt>Position</dt>
      <dd>{person.position === null ? 'Not in line yet' : numbers.format(person.position)}</dd>
      <dt>Joined</dt>
      <dd>
        <RelativeTime at={person.joined_at} now={now} /> as number {numbers.format(person.join_number)}
      </dd>
      <dt>Referred by</dt>
      <dd>
        {person.referrer === null ? (
          'Nobody'
        ) : person.referrer === 'removed' ? (
          'A removed person'
        ) : (
          <PersonLink person={person.referrer} base={base} />
        )}
      </dd>
      <dt>Referral code</dt>
      <dd>{waitlist.referrals_enabled ? <code>{person.referral_code}</code> : 'Asleep while referrals are off'}</dd>
      <dt>Moved ahead by</dt>
      <dd>
        {person.priority_score === 0
          ? 'Nothing yet'
          : `${numbers.format(person.priority_score)} places, for ${numbers.format(person.referral_count)} ${person.referral_count === 1 ? 'person' : 'people'}`}
      </dd>
      <dt>Id</dt>
      <dd>
        <code>{person.id}</code>
      </dd>
    </dl>
  )
}

const happened: Record<SubscriberEvent['action'], string> = {
  'subscriber.joined': 'Added by',
  'subscriber.imported': 'Came with a file, imported by',
  'subscriber.confirmed': 'Confirmed by',
}

function History(props: {
  frame: Frame
  person: SubscriberDetails
  events: SubscriberEvent[] | undefined
  base: string
  now: Date
}) {
  const { frame, person, events, base, now } = props
  const moved = person.referred.filter((other) => other.state === 'active')
  const entries = [
    ...moved.map((other) => ({
      at: other.added_at,
      words: (
        <>
          Moved ahead: <PersonLink person={other} base={base} /> joined through them
        </>
      ),
    })),
    ...(events ?? []).map((event) => ({ at: event.occurred_at, words: <Event event={event} frame={frame} /> })),
    ...(events?.some((event) => event.action !== 'subscriber.confirmed')
      ? []
      : [{ at: person.added_at, words: <>Joined{events ? ', earlier than the log tells by whom' : ''}</> }]),
  ].sort((a, b) => b.at.getTime() - a.at.getTime())
  return (
    <ol class="events">
      {entries.map(({ at, words }) => (
        <li>
          <span>{words}</span> <RelativeTime at={at} now={now} />
        </li>
      ))}
    </ol>
  )
}

function Event({ event, frame }: { event: SubscriberEvent; frame: Frame }) {
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
      <a href={`/o/${frame.organisation?.slug}/activity/${event.number}`}>Details</a>
    </>
  )
}

function Referred({ person, base, now }: { person: SubscriberDetails; base: string; now: Date }) {
  if (person.referred.length === 0) return <p class="quiet">Nobody has joined with their code yet.</p>
  return (
    <>
      <ol class="events">
        {person.referred.map((other) => (
          <li>
            <PersonLink person={other} base={base} />{' '}
            {other.state === 'pending' ? <span class="badge warn">Pending</span> : null}{' '}
            <RelativeTime at={other.added_at} now={now} />
          </li>
        ))}
      </ol>
      {person.earlier === undefined ? null : (
        <p>
          <a href={`${base}/subscribers/${person.id}?before=${person.earlier}#referred`}>Earlier ones</a>
        </p>
      )}
    </>
  )
}

function PersonLink({ person, base }: { person: OtherSubscriber; base: string }) {
  return (
    <a href={`${base}/subscribers/${person.id}`}>
      <bdi>{person.email}</bdi>
    </a>
  )
}
