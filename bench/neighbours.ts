import { performance } from 'node:perf_hooks'
import type { LoadJob, LoadRequest, LoadResult } from './load-worker.ts'
import { makeManyOrganisations } from './many-organisations.ts'
import { type Bench, type Findings, say } from './part.ts'
import { round } from './ratio.ts'
import { nextMessage } from './scratch.ts'

const searchers = 40
const neighbours = 4
const leastSeconds = 20
const goalMs = 250
/** Found in every address, in an eighth of them, in none though all have the letters, and by no index. */
const queries = ['example', 'grace', 'com exa', 'katherine.1', '@', 'ma']

/** How long creates of other organisations take while one organisation searches the long waitlist as fast as it can. */
export async function measureNeighbours({ options, product, load }: Bench): Promise<Findings> {
  const { creates } = await makeManyOrganisations(product.databaseUrl, product.env)
  const neighbour = creates.slice(0, neighbours)
  const seconds = Math.max(leastSeconds, options.seconds)
  say('creating alone, and then beside searches')
  const alone = await createFor(product.url, neighbour, seconds / 4)
  const job: LoadJob = {
    url: product.url,
    requests: queries.map((q) => ({
      method: 'GET',
      path: `/v1/api/waitlists/${product.waitlists.plain}/subscribers?limit=25&q=${encodeURIComponent(q)}`,
      authorization: `Bearer ${product.key}`,
    })),
    connections: searchers,
    seconds,
  }
  load.send(job)
  const answered = nextMessage<LoadResult>(load, 'load-worker.ts')
  const beside = await createFor(product.url, neighbour, seconds - 1)
  const { good, bad } = await answered
  const [p95Alone, p95] = [percentile(alone, 0.95), percentile(beside, 0.95)]
  return {
    measured: [],
    samples: new Map(),
    ratios: [
      {
        name: `a neighbour's create, p95 in ms, beside ${searchers} clients searching`,
        value: round(p95),
        goal: { atMost: goalMs },
      },
    ],
    notes: [
      `neighbours: ${beside.length} creates beside ${good} searches answered and ${bad} refused in ${seconds} s; p50 ${round(percentile(beside, 0.5))} ms, p95 ${round(p95)} ms, longest ${round(Math.max(...beside))} ms; alone p95 ${round(p95Alone)} ms`,
    ],
  }
}

/** Creates for each organisation, one after the other with a pause: how long each took. @throws Error when one fails. */
async function createFor(url: string, requests: LoadRequest[], seconds: number): Promise<number[]> {
  const endMs = performance.now() + seconds * 1_000
  const took: number[] = []
  const one = async ({ path, authorization }: LoadRequest) => {
    while (performance.now() < endMs) {
      const startedMs = performance.now()
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { Authorization: authorization, 'Content-Type': 'application/json' },
        body: JSON.stringify({ email: `neighbour.${crypto.randomUUID()}@example.com` }),
      })
      await response.arrayBuffer()
      if (response.status !== 201) throw new Error(`a neighbour's create was answered ${response.status}`)
      took.push(performance.now() - startedMs)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  await Promise.all(requests.map(one))
  return took
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
