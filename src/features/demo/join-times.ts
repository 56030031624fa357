import type { SeededRandom } from './seeded-random.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000
/** By UTC hour: Europe in the morning, both sides of the Atlantic in the afternoon, few at night. */
const hourWeights = [2, 1, 1, 1, 2, 3, 5, 8, 11, 12, 11, 10, 11, 13, 15, 15, 14, 12, 11, 10, 9, 7, 5, 3]

interface Course {
  now: Date
  days: number
  total: number
  /** How many days ago it was in the news; the days after it still feel it. */
  launchDaysAgo: number
}

/**
 * When people join over the last days, day by day, the oldest first: few on weekends, a rush on the launch day that wears off,
 * and a slow rise below it all. Nobody joins in the future.
 */
export function joinTimes(random: SeededRandom, { now, days, total, launchDaysAgo }: Course): Date[][] {
  const today = Math.floor(now.getTime() / dayMs) * dayMs
  const ages = Array.from({ length: days }, (_, i) => days - 1 - i)
  const weights = ages.map((age) => weightOf(new Date(today - age * dayMs), { age, days, launchDaysAgo, random }))
  // Today is not over.
  weights.push((weights.pop() ?? 0) * Math.max(0.05, (now.getTime() - today) / dayMs))
  const sum = weights.reduce((all, weight) => all + weight, 0)
  const counts = weights.map((weight) => Math.round((weight / sum) * total))
  const launch = ages.indexOf(launchDaysAgo)
  // What rounding left over goes where nobody sees it.
  counts[launch] = (counts[launch] ?? 0) + total - counts.reduce((all, count) => all + count, 0)
  return ages.map((age, i) => {
    const start = today - age * dayMs
    const times = Array.from({ length: counts[i] ?? 0 }, () => {
      const at = start + (random.weighted(hourWeights) + random.next()) * hourMs
      // Of today only what has passed.
      return new Date(age === 0 ? start + ((at - start) / dayMs) * (now.getTime() - start) : at)
    })
    return times.sort((a, b) => a.getTime() - b.getTime())
  })
}

function weightOf(
  day: Date,
  { age, days, launchDaysAgo, random }: { age: number; days: number; launchDaysAgo: number; random: SeededRandom },
): number {
  const isWeekend = day.getUTCDay() === 0 || day.getUTCDay() === 6
  const sinceLaunch = launchDaysAgo - age
  const rush = sinceLaunch < 0 ? 0 : 8 * 0.5 ** sinceLaunch
  const rise = 1 + 0.8 * (1 - age / days) + (sinceLaunch >= 0 ? 0.6 : 0)
  return (rise * (isWeekend ? 0.5 : 1) + rush) * (0.85 + 0.3 * random.next())
}
