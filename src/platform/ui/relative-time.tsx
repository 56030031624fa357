import { timeAgo } from './time-ago.ts'

const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })

/** A time as people say it, "3 hours ago"; the exact one on hover. */
export function RelativeTime({ at, now }: { at: Date; now: Date }) {
  return (
    <time datetime={at.toISOString()} title={`${exact.format(at)} UTC`} data-relative>
      {timeAgo(at, now)}
    </time>
  )
}
