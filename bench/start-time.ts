import { type Bench, type Findings, say } from './part.ts'
import { median, round } from './ratio.ts'
import { type RunningProduct, startProduct, startServer } from './start-product.ts'

const leastRounds = 5

/**
 * How long a start takes, PostgreSQL and all, until a list is answered: with everybody in place, and with nobody. Stops the
 * server that the other parts were about.
 */
export async function compareStarts({ scratch, options, product }: Bench): Promise<Findings> {
  const findings: Findings = { measured: [], samples: new Map(), ratios: [], notes: [] }
  if (options.databaseUrl !== undefined) {
    findings.notes.push('start time: skipped, since a database given by --database is not started with the server')
    return findings
  }
  say('starting and stopping')
  const empty = await startProduct(scratch, undefined)
  const sides = { empty, filled: product }
  await Promise.all([empty.stop(), product.stop()])
  const timesMs = { empty: [] as number[], filled: [] as number[] }
  const rounds = Math.max(leastRounds, options.rounds)
  for (let turn = 0; turn <= rounds; turn++) {
    for (const side of ['empty', 'filled'] as const) {
      const tookMs = await timeStart(() => startServer(scratch, sides[side].env), sides[side])
      // The first turn finds cold files.
      if (turn > 0) timesMs[side].push(tookMs)
    }
  }
  const people = (options.people * (options.moved > 0 ? 2 : 1)).toLocaleString('en')
  findings.ratios.push({
    name: `start to first answer, ${people} people in place / none`,
    // Of the quickest: whatever else the machine does only ever adds.
    value: round(Math.min(...timesMs.filled) / Math.min(...timesMs.empty)),
    goal: { atMost: 1.2 },
  })
  const text = (times: readonly number[]) => `${Math.min(...times).toFixed()} ms (median ${median(times).toFixed()})`
  findings.notes.push(
    `start to first answer: ${text(timesMs.filled)} with ${people} people in place, ${text(timesMs.empty)} with none`,
  )
  return findings
}

async function timeStart(
  start: () => ReturnType<typeof startServer>,
  { key, waitlists }: RunningProduct,
): Promise<number> {
  const startedMs = performance.now()
  const server = await start()
  const response = await fetch(`${server.url}/v1/api/waitlists/${waitlists.plain}/subscribers?limit=50`, {
    headers: { Authorization: `Bearer ${key}` },
  })
  await response.arrayBuffer()
  const tookMs = performance.now() - startedMs
  if (!response.ok) throw new Error(`the first answer of a new start is ${response.status}`)
  await server.stop()
  return tookMs
}
