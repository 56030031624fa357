import { readFileSync, writeFileSync } from 'node:fs'
import pg from 'pg'
import { measureCustomerApi } from './customer-api.ts'
import { fillDatabase } from './fill-database.ts'
import { measureKeyCheck } from './key-check.ts'
import { measureNeighbours } from './neighbours.ts'
import { type Bench, type Findings, type Part, say } from './part.ts'
import { comparePeers } from './peers/compare-peers.ts'
import { compareProcesses } from './processes.ts'
import { type BenchOptions, type PartName, readOptions, usage } from './read-options.ts'
import { makeResults, toText } from './report.ts'
import { Scratch } from './scratch.ts'
import { measureSingleReads } from './single-reads.ts'
import { soak } from './soak.ts'
import { startProduct } from './start-product.ts'
import { compareStarts } from './start-time.ts'

/** In the order in which they run; the last one stops the server. */
const parts: Record<PartName, Part> = {
  api: measureCustomerApi,
  single: measureSingleReads,
  keys: measureKeyCheck,
  neighbours: measureNeighbours,
  peers: comparePeers,
  processes: compareProcesses,
  soak,
  start: compareStarts,
}

/** Measures the built server and prints what came out; see README.md. */
async function bench(scratch: Scratch, options: BenchOptions): Promise<void> {
  say('starting the server')
  const product = await startProduct(scratch, options.databaseUrl)
  const client = new pg.Client({ connectionString: product.databaseUrl, options: '-c jit=off -c timezone=UTC' })
  client.on('error', () => undefined)
  await client.connect()
  scratch.atEnd(() => client.end())
  say(`filling it with ${(options.people * (options.moved > 0 ? 2 : 1)).toLocaleString('en')} people`)
  await fillDatabase(client, product, options)
  const { rows } = await client.query<{ server_version: string }>('show server_version')
  const { child: load, answer: loadTool } = await scratch.startHelper<string>('load-worker.ts', 'hello')
  const postmasterPid = await findPostmaster(client)
  const findings = await measureParts({ scratch, options, product, client, postmasterPid, load })

  const failure = /"level":(50|60)[^\n]*/.exec(product.output())?.[0]
  if (failure) throw new Error(`the server logged an error: ${failure}`)
  const results = makeResults(options, { postgres: rows[0]?.server_version ?? '', load: loadTool }, findings)
  writeFileSync(options.resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`\n${toText(results)}\n\nWritten to ${options.resultsFile}`)
}

async function measureParts(bench: Bench): Promise<Findings> {
  const all: Findings = { measured: [], samples: new Map(), ratios: [], notes: [] }
  for (const name of bench.options.parts) {
    const found = await parts[name](bench)
    all.measured.push(...found.measured)
    for (const [id, samples] of found.samples) all.samples.set(id, samples)
    all.ratios.push(...found.ratios)
    all.notes.push(...found.notes)
  }
  return all
}

/** The parent of the process that serves this connection; 0 for a database of another machine. */
async function findPostmaster(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  try {
    const stat = readFileSync(`/proc/${rows[0]?.pid}/stat`, 'utf8')
    return /\(postgres\) \S (\d+)/.test(stat) ? Number(/\(postgres\) \S (\d+)/.exec(stat)?.[1]) : 0
  } catch {
    return 0
  }
}

const scratch = new Scratch()
try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(usage)
  } else {
    const limit = setTimeout(() => {
      console.error(`bench: not done after ${options.limitMinutes} minutes`)
      scratch.end().finally(() => process.exit(1))
    }, options.limitMinutes * 60_000)
    await bench(scratch, options)
    clearTimeout(limit)
  }
} catch (error) {
  console.error(`\nbench: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  await scratch.end()
  // Nothing of this run is left; a socket that lingers must not keep it.
  process.exit()
}
