import { BarPlot } from '../../platform/ui/bar-plot.tsx'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Waitlist } from './waitlist.ts'

const counts = new Intl.NumberFormat('en')

/** How far back the plots go. */
export const plottedDays = 30
const weekDays = 7

interface WaitlistsTableProps {
  waitlists: Waitlist[]
  /** Of the last days, today last, for those that somebody joined. */
  joins: Map<string, number[]>
  base: string
  now: Date
}

/** Numbers first: an import counts on the day it ran, whatever dates its file has. */
export function WaitlistsTable({ waitlists, joins, base, now }: WaitlistsTableProps) {
  return (
    <CardTable
      caption="Waitlists"
      columns={[
        'Name',
        { label: 'Joined', right: true },
        { label: `Last ${weekDays} days`, right: true },
        `Last ${plottedDays} days`,
        { label: 'Active', right: true },
        { label: 'Removed', right: true },
        'Created',
      ]}
    >
      {waitlists.map((waitlist) => (
        <tr>
          <td class="name" data-label="Name">
            <span>
              <a href={`${base}/${waitlist.id}`}>
                <bdi>{waitlist.name}</bdi>
              </a>{' '}
              {waitlist.archived_at ? <span class="badge">Archived</span> : null}
            </span>
          </td>
          <Count label="Joined" count={waitlist.joined_count} />
          <Count label={`Last ${weekDays} days`} count={sum(joins.get(waitlist.id)?.slice(-weekDays))} sign="+" />
          <td data-label={`Last ${plottedDays} days`}>
            <Joins counts={joins.get(waitlist.id)} />
          </td>
          <Count label="Active" count={waitlist.active_count} more={pendingInWords(waitlist)} />
          <Count label="Removed" count={waitlist.joined_count - waitlist.subscriber_count} />
          <td data-label="Created">
            <RelativeTime at={waitlist.created_at} now={now} />
          </td>
        </tr>
      ))}
    </CardTable>
  )
}

function Count(props: { label: string; count: number; sign?: '+'; more?: string | undefined }) {
  const { label, count, sign = '', more } = props
  return (
    <td class="right number" data-label={label}>
      <span>
        {count === 0 ? <span class="quiet">0</span> : sign + counts.format(count)}
        {more ? <span class="under small quiet">{more}</span> : null}
      </span>
    </td>
  )
}

function pendingInWords({ subscriber_count, active_count }: Waitlist): string | undefined {
  const pending = subscriber_count - active_count
  return pending > 0 ? `${counts.format(pending)} pending` : undefined
}

function sum(days: readonly number[] = []): number {
  return days.reduce((total, day) => total + day, 0)
}

function Joins({ counts: days }: { counts: number[] | undefined }) {
  if (!days) return <span class="quiet">Nobody</span>
  const label = `${counts.format(sum(days))} joined in the last ${plottedDays} days (UTC), ${counts.format(Math.max(...days))} on the busiest, ${counts.format(days.at(-1) ?? 0)} today`
  return <BarPlot counts={days} label={label} />
}
