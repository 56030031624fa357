import type { Child } from 'hono/jsx'
import { Crumbs } from '../../platform/ui/crumbs.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import type { HowJoined } from './find-how-joined.ts'
import type { SubscriberDetails } from './get-subscriber.ts'
import { PersonLink } from './person-link.tsx'
import { SubscriberHistory } from './subscriber-history.tsx'

const numbers = new Intl.NumberFormat('en')

interface SubscriberPageProps {
  frame: Frame
  waitlist: Waitlist
  person: SubscriberDetails
  /** Undefined for those who may not see the log. */
  how: HowJoined | undefined
  plan: string
  isAdmin: boolean
  now: Date
  dialog?: Child
}

/** One person on a waitlist: where they stand, how they came there, who brought them and whom they brought. */
export function SubscriberPage({ frame, waitlist, person, how, plan, isAdmin, now, dialog }: SubscriberPageProps) {
  const base = `/o/${frame.organisation?.slug}/waitlists/${waitlist.id}`
  return (
    <PageLayout title={person.email} frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <Crumbs
            above={[
              ['Waitlists', `/o/${frame.organisation?.slug}/waitlists`],
              [waitlist.name, base],
            ]}
          />
          <h1>
            <bdi>{person.email}</bdi> {person.state === 'pending' ? <span class="badge warn">Pending</span> : null}
          </h1>
        </div>
        {isAdmin ? (
          <a class="button danger-quiet" id="remove" href={`${base}/subscribers/${person.id}/remove`}>
            Remove person
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
          <SubscriberHistory
            person={person}
            how={how}
            organisation={{ slug: frame.organisation?.slug ?? '', plan }}
            waitlistBase={base}
            now={now}
          />
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
      {waitlist.referrals_enabled ? (
        <>
          <dt>Status page</dt>
          <dd>
            <a href={`/s/${person.status_token}`}>What they see of their place</a>
          </dd>
        </>
      ) : null}
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
