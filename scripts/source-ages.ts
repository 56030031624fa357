import type { Advisories } from './find-vulnerable.ts'

export const npmAudit = 'npm audit'
const oldDays = 30
const dayMs = 86_400_000

/** How old what each source knows is on a day, in a line each; the old ones say so. */
export function sourceAges({ sources }: Advisories, day: string): string[] {
  return sources.map(({ name, until }) => {
    if (until === null) return `Source: ${name} has never answered.`
    const days = Math.max(0, Math.round((Date.parse(day) - Date.parse(until)) / dayMs))
    const age = days === 0 ? 'of today' : days === 1 ? '1 day old' : `${days} days old`
    return `Source: ${name}, until ${until}, ${age}${days > oldDays ? ': what was published since is not known here' : ''}.`
  })
}
