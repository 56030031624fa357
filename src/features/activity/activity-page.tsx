import { CardTable } from '../../platform/ui/card-table.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import { type Activity, activityActions } from './activity.ts'

interface ActivityPageProps {
  frame: Frame
  items: Activity[]
  older: string | undefined
  newest: string | undefined
  actors: Activity['actor'][]
  filter: { action: string; actor: string; from: string; until: string }
  /** Subscribers' addresses, joined for display: the log itself holds none. */
  subscribers: Map<string, string>
  keptDays: number | null
  now: Date
}

/** Who did what, newest first. */
export function ActivityPage({
  frame,
  items,
  older,
  newest,
  actors,
  filter,
  subscribers,
  keptDays,
  now,
}: ActivityPageProps) {
  const base = `/o/${frame.organisation?.slug}/activity`
  const filtered = Object.values(filter).some(Boolean)
  return (
    <PageLayout title="Activity" frame={frame} current="activity">
      <div class="page-head">
        <div>
          <h1>Activity</h1>
          <p>
            Every change, by whom or by which key. Rows never change
            {keptDays === null
              ? ' and are kept for good.'
              : ` and show for ${keptDays === 365 ? 'a year' : `${keptDays} days`} on this plan.`}
          </p>
        </div>
      </div>
      <Filters base={base} actors={actors} filter={filter} filtered={filtered} />
      {items.length === 0 ? (
        <div class="empty">
          <h2>{filtered ? 'Nothing matches' : 'Nothing has happened yet'}</h2>
          <p>{filtered ? 'No activity matches these filters.' : 'Changes that people and keys make show up here.'}</p>
        </div>
      ) : (
        <CardTable
          caption="Activity, newest first"
          columns={['When', 'Actor', 'Action', 'Target', { label: 'Details', hidden: true }]}
        >
          {items.map((item) => (
            <ActivityRow item={item} subscribers={subscribers} slug={frame.organisation?.slug ?? ''} now={now} />
          ))}
        </CardTable>
      )}
      <nav class="pages" aria-label="Pages">
        <span>{newest ? <a href={newest}>Newest</a> : null}</span>
        <span>
          {older ? (
            <a href={older} rel="next">
              Older
            </a>
          ) : null}
        </span>
      </nav>
    </PageLayout>
  )
}

function Filters({
  base,
  actors,
  filter,
  filtered,
}: {
  base: string
  actors: Activity['actor'][]
  filter: ActivityPageProps['filter']
  filtered: boolean
}) {
  return (
    <form method="get" action={base} class="filters">
      <div class="field">
        <label for="action">Action</label>
        <select class="input" id="action" name="action">
          <option value="">All actions</option>
          {Object.keys(activityActions).map((action) => (
            <option value={action} selected={action === filter.action}>
              {action}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="actor">Actor</label>
        <select class="input" id="actor" name="actor">
          <option value="">Everybody</option>
          <option value="api_key" selected={filter.actor === 'api_key'}>
            Any API key
          </option>
          {actors.map((actor) => (
            <option
              value={`${actor.type}:${actor.id ?? ''}`}
              selected={filter.actor === `${actor.type}:${actor.id ?? ''}`}
            >
              {actor.type === 'api_key' ? `${actor.name} (API key)` : actor.name}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="from">From</label>
        <input class="input" id="from" name="from" type="date" value={filter.from} />
      </div>
      <div class="field">
        <label for="until">To</label>
        <input class="input" id="until" name="until" type="date" value={filter.until} />
      </div>
      <button type="submit" class="button plain">
        Filter
      </button>
      {filtered ? <a href={base}>Clear</a> : null}
    </form>
  )
}

function ActivityRow({
  item,
  subscribers,
  slug,
  now,
}: {
  item: Activity
  subscribers: Map<string, string>
  slug: string
  now: Date
}) {
  return (
    <tr id={item.id}>
      <td data-label="When">
        <RelativeTime at={item.occurred_at} now={now} />
      </td>
      <td class="name" data-label="Actor">
        <span>
          <bdi>{item.actor.name}</bdi>{' '}
          {item.actor.type === 'api_key' ? <span class="badge accent">API key</span> : null}
        </span>
      </td>
      <td data-label="Action">{activityActions[item.action]}</td>
      <td data-label="Target">
        <span>
          {item.targets.map((target, i) => (
            <>
              {i > 0 ? ' · ' : ''}
              <bdi>{targetName(target, subscribers)}</bdi>
            </>
          ))}
        </span>
      </td>
      <td class="actions right">
        <a class="button plain small" href={`/o/${slug}/activity/${item.number}`}>
          Details<span class="visually-hidden"> of {activityActions[item.action]}</span>
        </a>
      </td>
    </tr>
  )
}

export function targetName(target: Activity['targets'][number], subscribers: Map<string, string>): string {
  if (target.type === 'subscriber') return subscribers.get(target.id) ?? 'removed person'
  return target.name ?? target.id
}
