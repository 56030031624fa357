import type { AppError } from '../../platform/errors.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Activity } from './activity.ts'
import { type SentActivityFilter, toQuery } from './activity-filter.ts'
import { ActivityExport, ActivityFilters } from './activity-filters.tsx'
import { activityInWords } from './activity-in-words.ts'
import { ActorName } from './actor-name.tsx'
import type { ActorChoice } from './list-actors.ts'

interface ActivityPageProps {
  frame: Frame
  items: Activity[]
  older: string | undefined
  newest: string | undefined
  /** Whom the filter offers. */
  choice: ActorChoice
  /** What actors were searched for by. */
  who: string
  filter: SentActivityFilter
  /** What is wrong with the filter. */
  error: AppError | undefined
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
  choice,
  who,
  filter,
  error,
  subscribers,
  keptDays,
  now,
}: ActivityPageProps) {
  const base = `/o/${frame.organisation?.slug}/activity`
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
      <ActivityFilters
        base={base}
        choice={choice}
        who={who}
        chosenName={actorNameAmong(items, filter.actor)}
        filter={filter}
        targetName={targetNameAmong(items, filter.target, subscribers)}
        problems={error?.errors ?? []}
        now={now}
      />
      {items.length > 0 ? <ActivityExport base={base} filter={filter} /> : null}
      {error ? null : items.length === 0 ? (
        <Nothing filtered={Object.values(filter).some(Boolean)} paged={newest !== undefined} {...{ keptDays, frame }} />
      ) : (
        <CardTable
          caption="Activity, newest first"
          columns={['When', 'Actor', 'Action', 'Target', { label: 'Details', hidden: true }]}
        >
          {items.map((item) => (
            <ActivityRow item={item} subscribers={subscribers} base={base} now={now} />
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

/** Why there are no rows: nobody is told that nothing happened where the plan hides what did. */
function Nothing(props: { filtered: boolean; paged: boolean; keptDays: number | null; frame: Frame }) {
  const { filtered, paged, keptDays, frame } = props
  const window = keptDays === 365 ? 'year' : `${keptDays} days`
  const plan = frame.nav.find(({ id }) => id === 'plan')
  if (keptDays === null)
    return (
      <div class="empty">
        <h2>{filtered ? 'Nothing matches' : paged ? 'Nothing older' : 'Nothing has happened yet'}</h2>
        <p>{filtered ? 'No activity matches these filters.' : 'Changes that people and keys make show up here.'}</p>
      </div>
    )
  return (
    <div class="empty">
      <h2>{filtered ? 'Nothing matches' : `Nothing ${paged ? 'older ' : ''}in the last ${window}`}</h2>
      <p>
        {filtered ? `No activity of the last ${window} matches these filters. ` : ''}
        Older rows are hidden on this plan; those not deleted yet show again on one that keeps them longer.
      </p>
      {plan ? (
        <a class="button plain" href={plan.href}>
          Go to the Plan page
        </a>
      ) : null}
    </div>
  )
}

function ActivityRow({
  item,
  subscribers,
  base,
  now,
}: {
  item: Activity
  subscribers: Map<string, string>
  base: string
  now: Date
}) {
  return (
    <tr id={item.id}>
      <td data-label="When">
        <RelativeTime at={item.occurred_at} now={now} />
      </td>
      <td class="name" data-label="Actor">
        <span>
          <ActorName actor={item.actor} />
        </span>
      </td>
      <td class="phrase" data-label="Action">
        {activityInWords(item)}
      </td>
      <td data-label="Target">
        <span>
          {item.targets.map((target, i) => (
            <>
              {i > 0 ? ' · ' : ''}
              <a href={`${base}${toQuery({ target: target.id })}`} title="All activity about this">
                <bdi>{targetName(target, subscribers)}</bdi>
              </a>
            </>
          ))}
        </span>
      </td>
      <td class="actions right">
        <a class="button ghost small" href={`${base}/${item.number}`}>
          Details<span class="visually-hidden"> of {activityInWords(item)}</span>
        </a>
      </td>
    </tr>
  )
}

/** The name of who is filtered by, where the rows tell it. */
function actorNameAmong(items: Activity[], chosen: string): string | undefined {
  return items.find(({ actor }) => actor.id !== null && `${actor.type}:${actor.id}` === chosen)?.actor.name
}

function targetNameAmong(items: Activity[], id: string, subscribers: Map<string, string>): string | undefined {
  const target = items.flatMap((item) => item.targets).find((target) => target.id === id)
  return target && targetName(target, subscribers)
}

export function targetName(target: Activity['targets'][number], subscribers: Map<string, string>): string {
  if (target.type === 'subscriber') return subscribers.get(target.id) ?? 'removed person'
  return target.name ?? target.id
}
