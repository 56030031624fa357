import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os'
import type { Sample } from './measure.ts'
import type { Findings } from './part.ts'
import { median, type Ratio, round } from './ratio.ts'
import type { BenchOptions } from './read-options.ts'

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
  notes: string[]
}

export function makeResults(
  options: BenchOptions,
  tools: { postgres: string; load: string },
  { measured, samples, ratios, notes }: Findings,
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
    medians: measured.map(({ id, name }) => {
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
    ratios,
    notes,
  }
}

export function toText({ machine, options, medians, ratios, notes }: Results): string {
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
    ...table([
      ['ratio', '', 'by CPU time', 'goal'],
      ...ratios.map((ratio) => [
        ratio.name,
        number(ratio.value, 2),
        ratio.byProcessorTime === undefined ? '' : number(ratio.byProcessorTime, 2),
        goalText(ratio),
      ]),
    ]),
    ...(notes.length > 0 ? ['', ...notes] : []),
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
