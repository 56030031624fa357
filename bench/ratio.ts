import type { Sample } from './measure.ts'

export interface Ratio {
  name: string
  value: number
  /** The same by processor time for one request, of server and database together: it varies less on a busy machine. */
  byProcessorTime?: number
  /** What the project wants of it, with a million people. */
  goal?: { atLeast?: number; atMost?: number }
}

/**
 * One thing's requests a second over another's: the median of the rounds' own ratios, since what slows the machine for a
 * while slows both sides. Empty where either was not measured.
 */
export function ratioOf(
  samples: ReadonlyMap<string, Sample[]>,
  name: string,
  over: string,
  under: string,
  goal?: Ratio['goal'],
): Ratio[] {
  const [top, bottom] = [samples.get(over), samples.get(under)]
  if (!top || !bottom) return []
  const values = top.map((sample, i) => sample.perSecond / (bottom[i]?.perSecond ?? Number.NaN))
  const byProcessorTime = median(bottom.map(cpuUs)) / median(top.map(cpuUs))
  return [
    {
      name,
      value: round(median(values)),
      ...(Number.isFinite(byProcessorTime) ? { byProcessorTime: round(byProcessorTime) } : {}),
      ...(goal ? { goal } : {}),
    },
  ]
}

function cpuUs({ serverCpuUs, postgresCpuUs }: Sample): number {
  return (serverCpuUs ?? Number.NaN) + (postgresCpuUs ?? Number.NaN)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function round(value: number): number {
  return Number(value.toPrecision(4))
}
