import { BarPlot } from '../../platform/ui/bar-plot.tsx'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Waitlist } from './waitlist.ts'

const counts = new Intl.NumberFormat('en')

/** How far back the plots go. */
export const plottedDays = 14

/** Added, not joined: a file counts on the day it is imported, whatever dates it brings. */
const plotHead = `Added, last ${plottedDays} days`

interface WaitlistsTableProps {
  waitlists: Waitlist[]
  /** Of the last days, today last, for those that somebody joined. */
  joins: Map<string, number[]>
  base: string
  now: Date
}

export function WaitlistsTable({ waitlists, joins, base, now }: WaitlistsTableProps) {
  return (
    <CardTable caption="Waitlists" columns={['Name', { label: 'Subscribers', right: true }, plotHead, 'Id', 'Created']}>
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
          <td class="right" data-label="Subscribers">
            {counts.format(waitlist.subscriber_count)}
          </td>
          <td data-label={`Last ${plottedDays} days`}>
            <Joins counts={joins.get(waitlist.id)} />
          </td>
          <td data-label="Id">
            <code>{waitlist.id}</code>
          </td>
          <td data-label="Created">
            <RelativeTime at={waitlist.created_at} now={now} />
          </td>
        </tr>
      ))}
    </CardTable>
  )
}

function Joins({ counts: days }: { counts: number[] | undefined }) {
  if (!days) return <span class="quiet">Nobody</span>
  const joined = days.reduce((sum, day) => sum + day, 0)
  const most = Math.max(...days)
  const label = `${counts.format(joined)} added in the last ${plottedDays} days (UTC), ${counts.format(most)} on the busiest, ${counts.format(days.at(-1) ?? 0)} today`
  return (
    <span class="plotted">
      <BarPlot counts={days} label={label} />
      <span class="number" aria-hidden="true">
        +{counts.format(joined)}
      </span>
    </span>
  )
}
