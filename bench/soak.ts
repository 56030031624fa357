import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepApart } from './keep-apart.ts'
import { makeDatabase } from './make-database.ts'
import { makeManyOrganisations } from './many-organisations.ts'
import { type Measured, measuredLoad } from './measure.ts'
import type { Observation } from './observe-process.ts'
import { type Bench, type Findings, say } from './part.ts'
import { median, type Ratio, round } from './ratio.ts'
import { makeEnvironment, startServer } from './start-product.ts'

/** Milliseconds. */
interface Delays {
  bare: number
  server: number
}

const connections = 48
const delaySeconds = 5
const mib = 2 ** 20

/** Memory over a long load of lists and creates, and how long the event loop keeps others waiting under it. */
export async function soak(bench: Bench): Promise<Findings> {
  const { scratch, options, product, client, load, postmasterPid } = bench
  const folder = scratch.makeFolder()
  const url = await makeDatabase(client, product.databaseUrl, 'bench_soak')
  const env = makeEnvironment(folder, url)
  await (await startServer(scratch, env)).stop()
  const { lists, creates } = await makeManyOrganisations(url, env)
  const server = await startServer(scratch, { ...env, ...observed(join(folder, 'server')) })
  const page = await (await fetch(server.url + lists[0]?.path, { headers: bearer(lists[0]?.authorization) })).text()
  const bare = await scratch.startHelper<{ port: number }>(
    'floor-server.ts',
    { body: page },
    observed(join(folder, 'bare')),
  )

  // Three lists and a create of each organisation in turn.
  const requests = lists.flatMap((list, i) => [list, list, list, ...creates.slice(i, i + 1)])
  const target = { pid: 0, postmasterPid: 0 }
  const measured: Measured[] = [
    measuredLoad(
      load,
      { ...target, url: `http://127.0.0.1:${bare.answer.port}` },
      { id: 'soak.bare', name: 'bare node:http', requests, connections },
    ),
    measuredLoad(load, { ...target, url: server.url }, { id: 'soak.server', name: 'soak', requests, connections }),
  ]
  const [bareLoad, serverLoad] = measured
  if (!bareLoad || !serverLoad) throw new Error('nothing to load')

  say(`soaking for ${options.soakSeconds} s`)
  const startedMs = Date.now()
  const { good } = await serverLoad.measure(options.soakSeconds)
  const third = (options.soakSeconds * 1_000) / 3
  const thirds = [1, 2].map((i) =>
    observations(join(folder, 'server'), startedMs + third * i, startedMs + third * (i + 1)),
  )
  const rss = thirds.map((all) => median(all.map((one) => one.rss_bytes)))
  const heap = thirds.map((all) => Math.min(...all.map((one) => one.heap_bytes)))

  const measureDelays = async () => {
    const delays: Delays[] = []
    for (let turn = 0; turn < options.rounds; turn++) {
      delays.push({
        bare: await delayUnder(bareLoad, join(folder, 'bare')),
        server: await delayUnder(serverLoad, join(folder, 'server')),
      })
    }
    return delays
  }
  const shared = await measureDelays()
  const isApart = await keepApart([server.pid, bare.child.pid ?? 0], [postmasterPid, load.pid ?? 0])
  // Its new connections to the database are of the other processor.
  if (isApart) await serverLoad.measure(delaySeconds)
  const apart = isApart ? await measureDelays() : []
  await server.stop()
  const ofMiB = (bytes: readonly number[]) => bytes.map((value) => (value / mib).toFixed(0)).join(' → ')
  const slope = ((rss[1] ?? 0) - (rss[0] ?? 0)) / mib / (third / 60_000)
  return {
    measured: [],
    samples: new Map(),
    ratios: [
      {
        name: 'resident memory, last third of the soak / middle third',
        value: round((rss[1] ?? 0) / (rss[0] ?? 0)),
        goal: { atMost: 1.1 },
      },
      {
        name: 'least heap, last third of the soak / middle third',
        value: round((heap[1] ?? 0) / (heap[0] ?? 0)),
        goal: { atMost: 1.1 },
      },
      ...delayRatio(shared, 'on the processors of the database and the load'),
      ...delayRatio(apart, 'on a processor of its own'),
    ],
    notes: [
      `soak: ${(good ?? 0).toLocaleString('en')} lists and creates of 16 organisations in ${options.soakSeconds} s; middle third → last third: resident ${ofMiB(rss)} MiB (${slope.toFixed(1)} MiB a minute), least heap ${ofMiB(heap)} MiB`,
      ...delayNote(shared, 'on the processors of the database and the load'),
      ...delayNote(apart, 'on a processor of its own'),
    ],
  }
}

function delayRatio(delays: Delays[], where: string): Ratio[] {
  if (delays.length === 0) return []
  const value = round(median(delays.map(({ bare, server }) => server / bare)))
  return [{ name: `event-loop delay p99 under full load / bare node:http, ${where}`, value, goal: { atMost: 2 } }]
}

function delayNote(delays: Delays[], where: string): string[] {
  if (delays.length === 0) return []
  const of = (side: keyof Delays) => median(delays.map((one) => one[side])).toFixed(2)
  return [
    `event-loop delay p99 less its resolution of 1 ms, ${where}: ${of('server')} ms, bare node:http ${of('bare')} ms`,
  ]
}

function bearer(authorization: string | undefined): Record<string, string> {
  return { Authorization: authorization ?? '' }
}

/** What makes a process write observations of itself. */
function observed(file: string): NodeJS.ProcessEnv {
  return { BENCH_OBSERVATIONS: file, NODE_OPTIONS: `--import=${new URL('observe-process.ts', import.meta.url).href}` }
}

function observations(file: string, fromMs: number, toMs: number): Observation[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Observation)
    .filter(({ at_ms }) => at_ms > fromMs && at_ms <= toMs)
}

/** The median of the whole seconds of a load; the first observation saw the rest before it, too. */
async function delayUnder(load: Measured, file: string): Promise<number> {
  const startedMs = Date.now()
  await load.measure(delaySeconds)
  const seen = observations(file, startedMs + 1_000, startedMs + delaySeconds * 1_000)
  return median(seen.map((one) => one.delay_p99_ms))
}
