import { readFileSync, writeFileSync } from 'node:fs'
import pg from 'pg'
import { createCase, pageSize, readCases } from './cases.ts'
import { fillDatabase } from './fill-database.ts'
import { checkOnce, type Measured, measuredRequest, measureRounds, type Sample } from './measure.ts'
import { openCeiling } from './postgres-ceiling.ts'
import { type BenchOptions, readOptions, usage } from './read-options.ts'
import { makeResults, toText } from './report.ts'
import { Scratch } from './scratch.ts'
import { type RunningProduct, startProduct } from './start-product.ts'

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

  const { child: load, answer: loadTool } = await scratch.startHelper<string>('load-worker.ts', 'hello')
  const target = { url: product.url, pid: product.pid, postmasterPid: await findPostmaster(client) }
  const reads = readCases(product, options)
  const bodies = new Map<string, string>()
  for (const one of reads) bodies.set(one.id, await checkOnce(product.url, product.key, one))

  const floor = await startServer(scratch, 'floor-server.ts', { body: bodies.get('list.first') ?? '' })
  const insert = await startServer(scratch, 'insert-server.ts', {
    databaseUrl: product.databaseUrl,
    waitlistId: product.waitlists.created,
  })
  const ceiling = await openCeiling(scratch, product.databaseUrl, {
    organisationId: await findOrganisation(client, product),
    waitlistId: product.waitlists.plain,
    from: 1,
    limit: pageSize,
  })
  const create = createCase(product)
  const readers: Measured[] = [
    { id: 'ceiling', name: ceiling.name, measure: async (s) => ({ perSecond: await ceiling.measure(s) }) },
    measuredRequest(load, { ...target, ...floor }, product.key, {
      id: 'floor',
      name: 'bare node:http, a body as large',
      method: 'GET',
      path: '/',
      connections: 32,
      expected: { status: 200 },
    }),
    ...reads.map((one) => measuredRequest(load, target, product.key, one)),
  ]
  const writers = [
    measuredRequest(load, { ...target, ...insert }, product.key, {
      ...create,
      id: 'insert',
      name: 'one INSERT and COMMIT a request, same columns and indexes',
      path: '/subscribers',
    }),
    measuredRequest(load, target, product.key, create),
  ]

  say('warming up')
  await measureRounds([...readers, ...writers], { rounds: 1, seconds: 0.3 })
  const before = await countCreated(client, product)
  // Apart from the reads, which a growing list would change from round to round.
  const samples = new Map([...(await measureRounds(readers, options)), ...(await measureRounds(writers, options))])
  await checkCreated(client, product, before, samples.get(create.id) ?? [])
  const failure = /"level":(50|60)[^\n]*/.exec(product.output())?.[0]
  if (failure) throw new Error(`the server logged an error: ${failure}`)

  const { rows } = await client.query<{ server_version: string }>('show server_version')
  const results = makeResults(
    options,
    { postgres: rows[0]?.server_version ?? '', load: loadTool },
    [...readers, ...writers],
    samples,
  )
  writeFileSync(options.resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  console.log(`\n${toText(results)}\n\nWritten to ${options.resultsFile}`)
}

async function startServer(scratch: Scratch, file: string, input: object): Promise<{ url: string; pid: number }> {
  const { child, answer } = await scratch.startHelper<{ port: number }>(file, input)
  return { url: `http://127.0.0.1:${answer.port}`, pid: child.pid ?? 0 }
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

async function findOrganisation(client: pg.Client, product: RunningProduct): Promise<string> {
  const { rows } = await client.query<{ organisation_id: string }>(
    'select organisation_id from waitlists where id = $1',
    [product.waitlists.plain],
  )
  return rows[0]?.organisation_id ?? ''
}

async function countCreated(client: pg.Client, { waitlists }: RunningProduct) {
  const { rows } = await client.query<{ people: number; listed: number; activities: number }>(
    `select (select count(*)::integer from subscribers where waitlist_id = $1) as people,
            (select listed::integer from waitlist_counters where waitlist_id = $1) as listed,
            (select count(*)::integer from activities where action = 'subscriber.joined') as activities`,
    [waitlists.created],
  )
  return rows[0] ?? { people: 0, listed: 0, activities: 0 }
}

/** Speed bought by losing something would be none. */
async function checkCreated(
  client: pg.Client,
  product: RunningProduct,
  before: { people: number },
  samples: readonly Sample[],
): Promise<void> {
  const after = await countCreated(client, product)
  const acknowledged = samples.reduce((sum, sample) => sum + (sample.good ?? 0), 0)
  if (after.people - before.people < acknowledged) throw new Error('creates that were acknowledged are not there')
  if (after.activities !== after.people) throw new Error('not every create has exactly one activity')
  if (after.listed !== after.people) throw new Error('the counted total is not the true one')
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
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
