const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' })

/** A day, "3 May 2026", UTC; the time on hover. For what happened once and is looked up, rather than how long ago. */
export function ExactDate({ at }: { at: Date }) {
  return (
    <time datetime={at.toISOString()} title={`${exact.format(at)} UTC`}>
      {day.format(at)}
    </time>
  )
}
