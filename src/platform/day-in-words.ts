const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })
const minute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

/** Such as "26 November 2026". */
export function dayInWords(at: Date): string {
  return day.format(at)
}

/** Such as "26 November 2026 at 15:17 UTC". */
export function minuteInWords(at: Date): string {
  return `${minute.format(at)} UTC`
}
