import { timeAgo } from '../time-ago.ts'

const everyMs = 30_000

/** Keeps "2 minutes ago" true on a page that stays open. */
export function relativeTimes(): void {
  const refresh = () => {
    if (document.hidden) return
    for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-relative]')) {
      const text = timeAgo(new Date(time.dateTime), new Date())
      if (time.textContent !== text) time.textContent = text
    }
  }
  setInterval(refresh, everyMs)
  document.addEventListener('visibilitychange', refresh)
}
