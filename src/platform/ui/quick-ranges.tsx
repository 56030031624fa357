const dayMs = 86_400_000

const ranges = [
  { label: 'Today', days: 1 },
  { label: 'Last 7 days', days: 7 },
  { label: 'Last 30 days', days: 30 },
] as const

/** Days as a filter's fields hold them; '' is no bound. */
export interface DayRange {
  from: string
  until: string
}

interface QuickRangesProps {
  chosen: DayRange
  /** The address of the same page with another range, every other filter as it is. */
  href: (range: DayRange) => string
  now: Date
}

/** Ranges of whole days (UTC) that end today, as links beside a filter's two date fields. */
export function QuickRanges({ chosen, href, now }: QuickRangesProps) {
  const dayBefore = (days: number) => new Date(now.getTime() - days * dayMs).toISOString().slice(0, 10)
  const until = dayBefore(0)
  const links = ranges.map(({ label, days }) => ({ label, range: { from: dayBefore(days - 1), until } }))
  return (
    <nav class="ranges" aria-label="Dates">
      <ul>
        {[{ label: 'Any time', range: { from: '', until: '' } }, ...links].map(({ label, range }) => (
          <li>
            <a href={href(range)} aria-current={isChosen(range, chosen, until) ? 'true' : undefined}>
              {label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** Nothing is dated after today, so that a range without an end means the same. */
function isChosen(range: DayRange, chosen: DayRange, today: string): boolean {
  const end = chosen.from && !chosen.until ? today : chosen.until
  return range.from === chosen.from && range.until === end
}
