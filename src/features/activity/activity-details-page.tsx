import { CardTable } from '../../platform/ui/card-table.tsx'
import { Crumbs } from '../../platform/ui/crumbs.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Activity } from './activity.ts'
import { toQuery } from './activity-filter.ts'
import { activityInWords } from './activity-in-words.ts'
import { targetName } from './activity-page.tsx'
import { ActorName } from './actor-name.tsx'

const targetTypes: Record<Activity['targets'][number]['type'], string> = {
  organisation: 'Organisation',
  member: 'Member',
  invitation: 'Invitation',
  waitlist: 'Waitlist',
  subscriber: 'Subscriber',
  api_key: 'API key',
  activity: 'Activity log',
}

/** One row of the log, whole. */
export function ActivityDetailsPage(props: {
  frame: Frame
  activity: Activity
  subscribers: Map<string, string>
  now: Date
}) {
  const { frame, activity, subscribers, now } = props
  const base = `/o/${frame.organisation?.slug}/activity`
  const facts: [string, string | null][] = [
    ['Id', activity.id],
    ['Number', String(activity.number)],
    ['Action', activity.action],
    ['Actor id', activity.actor.id],
    ['Request id', activity.request_id],
    ['IP address', activity.ip],
    ['User agent', activity.user_agent],
  ]
  return (
    <PageLayout title={`${activity.actor.name} ${activityInWords(activity)}`} frame={frame} current="activity">
      <div class="page-head">
        <div>
          <Crumbs above={[['Activity', base]]} />
          <h1>
            <ActorName actor={activity.actor} /> {activityInWords(activity)}
          </h1>
          <p>
            <RelativeTime at={activity.occurred_at} now={now} /> · {activity.occurred_at.toISOString()}
          </p>
        </div>
      </div>
      <div class="stack-large">
        <section class="card">
          <h2>What it was about</h2>
          <dl class="facts">
            {activity.targets.map((target) => (
              <>
                <dt>{targetTypes[target.type]}</dt>
                <dd>
                  <bdi>{targetName(target, subscribers)}</bdi> <code>{target.id}</code>{' '}
                  <a href={`${base}${toQuery({ target: target.id })}`}>All activity about it</a>
                </dd>
              </>
            ))}
          </dl>
        </section>
        {activity.changes ? (
          <section class="card">
            <h2>What changed</h2>
            <Changes changes={activity.changes} />
          </section>
        ) : null}
        <section class="card">
          <h2>Where it came from</h2>
          <dl class="facts">
            {facts
              .filter(([, value]) => value !== null)
              .map(([name, value]) => (
                <>
                  <dt>{name}</dt>
                  <dd>
                    <span class="mono">{value}</span>{' '}
                    {name === 'Actor id' && isFilteredBy(activity) ? (
                      <a href={`${base}${toQuery({ actor: `${activity.actor.type}:${value}` })}`}>
                        All activity by them
                      </a>
                    ) : null}
                  </dd>
                </>
              ))}
          </dl>
        </section>
      </div>
    </PageLayout>
  )
}

/** Those who join are too many to be told apart by the filter. */
function isFilteredBy({ actor }: Activity): boolean {
  return actor.type === 'user' || actor.type === 'api_key'
}

/** As many of a long list as a person reads. */
const mostNamed = 50

function nameSome(values: unknown[]): string {
  const more = values.length - mostNamed
  return values.slice(0, mostNamed).join(', ') + (more > 0 ? ` and ${more} more, which an export of the log names` : '')
}

/** Fields whose values are read letter by letter. */
const written = /^(prefix|scopes|slug)$|_ids?$/

function Changes({ changes }: { changes: NonNullable<Activity['changes']> }) {
  const fields = [...new Set([...Object.keys(changes.before ?? {}), ...Object.keys(changes.after ?? {})])]
  const show = (value: unknown) =>
    value === undefined
      ? '–'
      : typeof value === 'string'
        ? value
        : Array.isArray(value)
          ? nameSome(value)
          : JSON.stringify(value)
  return (
    <CardTable caption="What changed" columns={['Field', 'Before', 'After']}>
      {fields.map((field) => (
        <tr>
          <td class="name mono" data-label="Field">
            {field}
          </td>
          {(['before', 'after'] as const).map((side) => (
            <td data-label={side === 'before' ? 'Before' : 'After'}>
              <span class={written.test(field) ? 'mono' : undefined}>{show(changes[side]?.[field])}</span>
            </td>
          ))}
        </tr>
      ))}
    </CardTable>
  )
}
