import { reportFigure } from './figures.ts'

/** How two kinds of request compare: 0.5 where neither takes longer, 1 where each of the second takes longer than any of the first. */
export interface Comparison {
  superiority: number
  /** In standard deviations of what chance alone does. */
  z: number
  samples: number
}

/** Two kinds of request, and what goes before each of either, untimed. */
export interface Kinds {
  first: () => Promise<unknown>
  second: () => Promise<unknown>
  prepare?: () => Promise<unknown>
}

/** Times two kinds of request, one of each in turn and in random order, so that whatever else the machine does falls on both. */
export async function compareDurations(samples: number, kinds: Kinds): Promise<Comparison> {
  const times: [number[], number[]] = [[], []]
  for (let i = 0; i < samples; i++) {
    for (const kind of Math.random() < 0.5 ? ([0, 1] as const) : ([1, 0] as const)) {
      await kinds.prepare?.()
      const began = performance.now()
      await (kind === 0 ? kinds.first() : kinds.second())
      times[kind].push(performance.now() - began)
    }
  }
  reportFigure('requests timed against one another', samples * 2)
  return mannWhitney(...times)
}

/** The rank test of Mann and Whitney: it asks nothing of how times are spread, and outliers count as any other. */
export function mannWhitney(first: readonly number[], second: readonly number[]): Comparison {
  const [n, m] = [first.length, second.length]
  const all = [...first.map((time) => ({ time, of: 1 })), ...second.map((time) => ({ time, of: 2 }))]
  all.sort((a, b) => a.time - b.time)
  // Equal times share the mean of their ranks.
  let rankSum = 0
  for (let from = 0; from < all.length; ) {
    let to = from
    while (all[to + 1]?.time === all[from]?.time && to + 1 < all.length) to++
    for (let i = from; i <= to; i++) if (all[i]?.of === 2) rankSum += (from + to) / 2 + 1
    from = to + 1
  }
  const u = rankSum - (m * (m + 1)) / 2
  return { superiority: u / (n * m), z: (u - (n * m) / 2) / Math.sqrt((n * m * (n + m + 1)) / 12), samples: n }
}

/** Five standard deviations: chance alone does that once in 1.7 million times, and must do it three times in a row. */
const surely = 5
/** Less than that is lost in what a network adds, and takes thousands of tries to see even beside the server. */
const noticeable = 0.1

export function isApart({ superiority, z }: Comparison): boolean {
  return Math.abs(z) > surely && Math.abs(superiority - 0.5) > noticeable
}

/**
 * Whether the two can be told apart by how long they take: in each of three rounds, of ever more samples, the same one takes
 * noticeably longer. A round that finds nothing ends it.
 */
export async function tellApart(samples: number, kinds: Kinds): Promise<{ apart: boolean; rounds: Comparison[] }> {
  const rounds: Comparison[] = []
  for (let round = 1; round <= 3; round++) {
    const found = await compareDurations(samples * round, kinds)
    rounds.push(found)
    if (!isApart(found) || Math.sign(found.z) !== Math.sign(rounds[0]?.z ?? 0)) return { apart: false, rounds }
  }
  return { apart: true, rounds }
}
