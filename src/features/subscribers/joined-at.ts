import { z } from 'zod'

/** RFC 3339, section 5.6, with any offset. */
const form = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/
const toleranceMs = 5 * 60_000

/** Reads a time; undefined for what is none, such as the 30th of February. A leap second counts as the second before it. */
export function parseRfc3339(text: string): Date | undefined {
  const match = form.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, , offset = 'Z'] = match.map((part) => part as string)
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const daysInMonth = new Date(Date.UTC(2000 + (y % 400), mo, 0)).getUTCDate()
  const [offsetHours, offsetMinutes] = /^[Zz]$/.test(offset)
    ? [0, 0]
    : [Number(offset.slice(1, 3)), Number(offset.slice(4, 6))]
  if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > daysInMonth || h > 23 || mi > 59 || s > 60) return undefined
  if (offsetHours > 23 || offsetMinutes > 59) return undefined
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${String(Math.min(s, 59)).padStart(2, '0')}Z`)
  const sign = offset.startsWith('-') ? 1 : -1
  const instant = new Date(date.getTime() + sign * (offsetHours * 60 + offsetMinutes) * 60_000)
  return instant.getUTCFullYear() < 1 || instant.getUTCFullYear() > 9999 ? undefined : instant
}

/** When somebody joined elsewhere: up to five minutes ahead counts as now, later is refused. */
export function joinedAtSchema(now: () => Date) {
  return z.string().transform((text, ctx) => {
    const joinedAt = parseRfc3339(text)
    const nowMs = now().getTime()
    if (joinedAt && joinedAt.getTime() <= nowMs) return joinedAt
    if (joinedAt && joinedAt.getTime() <= nowMs + toleranceMs) return new Date(nowMs)
    ctx.addIssue(
      joinedAt
        ? { code: 'custom', message: 'joined_at must not lie in the future.', params: { problem: 'too_big' } }
        : {
            code: 'custom',
            message: 'joined_at must be a time such as 2026-05-01T09:00:00Z (RFC 3339).',
            params: { problem: 'format' },
          },
    )
    return z.NEVER
  })
}
