import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'
import type { Measured, Sample } from './measure.ts'
import type { BenchOptions } from './read-options.ts'

export interface Ratio {
  name: string
  value: number
  /** What the project wants of it, with a million people. */
  goal?: { atLeast?: number; atMost?: number }
}

export interface Results {
  measured_at: string
  machine: {
    cpu: string
    cores: number
    memory_gib: number
    platform: string
    node: string
    postgres: string
    load: string
  }
  options: BenchOptions
  medians: ({ id: string; name: string; rounds: number[] } & Sample)[]
  ratios: Ratio[]
}

export function makeResults(
  options: BenchOptions,
  tools: { postgres: string; load: string },
  all: readonly Measured[],
  samples: ReadonlyMap<string, Sample[]>,
): Results {
  return {
    measured_at: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memory_gib: Math.round(totalmem() / 2 ** 30),
      platform: `${platform()} ${arch()}`,
      node: process.version,
      ...tools,
    },
    options: { ...options, databaseUrl: options.databaseUrl === undefined ? undefined : 'given' },
    medians: all.map(({ id, name }) => {
      const taken = samples.get(id) ?? []
      const of = (key: keyof Sample) => {
        const values = taken.map((sample) => sample[key]).filter((value) => value !== undefined)
        return values.length === 0 ? {} : { [key]: round(median(values)) }
      }
      return {
        id,
        name,
        rounds: taken.map((sample) => round(sample.perSecond)),
        perSecond: 0,
        ...of('perSecond'),
        ...of('p50Ms'),
        ...of('p99Ms'),
        ...of('serverCpuUs'),
        ...of('postgresCpuUs'),
      }
    }),
    ratios: makeRatios(samples),
  }
}

/** Each the median of the rounds' own ratios: what slows the machine for a while slows both sides. */
function makeRatios(samples: ReadonlyMap<string, Sample[]>): Ratio[] {
  const ratio = (name: string, over: string, under: string, goal?: Ratio['goal']): Ratio[] => {
    const [top, bottom] = [samples.get(over), samples.get(under)]
    if (!top || !bottom) return []
    const values = top.map((sample, i) => sample.perSecond / (bottom[i]?.perSecond ?? Number.NaN))
    return [{ name, value: round(median(values)), ...(goal ? { goal } : {}) }]
  }
  return [
    ...ratio('list, first page / PostgreSQL alone', 'list.first', 'ceiling', { atLeast: 0.5 }),
    ...ratio('list, first page, some moved / PostgreSQL alone', 'moved.first', 'ceiling', { atLeast: 0.35 }),
    ...ratio('list, first page / bare node:http', 'list.first', 'floor'),
    ...ratio('time of the middle page / first page', 'list.first', 'list.middle', { atMost: 1.3 }),
    ...ratio('time of the last page / first page', 'list.first', 'list.last', { atMost: 1.3 }),
    ...ratio('time of the middle page / first page, some moved', 'moved.first', 'moved.middle', { atMost: 1.3 }),
    ...ratio('time of the last page / first page, some moved', 'moved.first', 'moved.last', { atMost: 1.3 }),
    ...ratio('time of a search with 0 hits / a page', 'list.first', 'search.0', { atMost: 5 }),
    ...ratio('time of a search with 1 hit / a page', 'list.first', 'search.1', { atMost: 5 }),
    ...ratio('time of a search with 50 hits / a page', 'list.first', 'search.50', { atMost: 5 }),
    ...ratio('create / one INSERT and COMMIT a request', 'create', 'insert', { atLeast: 1.5 }),
  ]
}

export function toText({ machine, options, medians, ratios }: Results): string {
  const number = (value: number | undefined, digits = 0) =>
    value === undefined
      ? '–'
      : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  const rows = medians.map((one) => [
    one.name,
    number(one.perSecond),
    number(one.p50Ms),
    number(one.p99Ms),
    number(one.serverCpuUs),
    number(one.postgresCpuUs),
  ])
  const goalText = ({ value, goal }: Ratio) => {
    if (!goal) return ''
    const isMet = value >= (goal.atLeast ?? 0) && value <= (goal.atMost ?? Number.POSITIVE_INFINITY)
    const wanted = goal.atLeast === undefined ? `at most ${goal.atMost}` : `at least ${goal.atLeast}`
    return `${wanted}${isMet ? '' : ', missed'}`
  }
  return [
    `${number(options.people)} people, ${number(options.moved)} moved on the second list; medians of ${options.rounds} rounds of ${options.seconds} s`,
    `${machine.cpu}, ${machine.cores} cores for everything, Node.js ${machine.node}, PostgreSQL ${machine.postgres}, load from ${machine.load}`,
    '',
    ...table([['', 'per second', 'p50 ms', 'p99 ms', 'server µs', 'database µs'], ...rows]),
    '',
    ...table([['ratio', '', 'goal'], ...ratios.map((ratio) => [ratio.name, number(ratio.value, 2), goalText(ratio)])]),
  ].join('\n')
}

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}
