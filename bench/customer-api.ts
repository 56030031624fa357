import type { Client } from 'pg'
import { createCase, pageSize, readCases } from './cases.ts'
import { smallPeople } from './fill-database.ts'
import { checkOnce, type Measured, measuredRequest, measureRounds, type Sample } from './measure.ts'
import { type Bench, type Findings, say } from './part.ts'
import { openCeiling } from './postgres-ceiling.ts'
import { type Ratio, ratioOf } from './ratio.ts'
import type { Scratch } from './scratch.ts'
import type { RunningProduct } from './start-product.ts'

/** The customer API beside PostgreSQL alone, a bare server and a plain insert. */
export async function measureCustomerApi({
  scratch,
  options,
  product,
  client,
  postmasterPid,
  load,
}: Bench): Promise<Findings> {
  const target = { url: product.url, pid: product.pid, postmasterPid }
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
  const measured = [...readers, ...writers]
  return { measured, samples, ratios: makeRatios(samples), notes: [] }
}

function makeRatios(samples: ReadonlyMap<string, Sample[]>): Ratio[] {
  return [
    ...ratioOf(samples, 'list, first page / PostgreSQL alone', 'list.first', 'ceiling', { atLeast: 0.5 }),
    ...ratioOf(samples, 'list, first page, some moved / PostgreSQL alone', 'moved.first', 'ceiling', { atLeast: 0.35 }),
    ...ratioOf(samples, 'list, first page / bare node:http', 'list.first', 'floor'),
    ...['list', 'moved'].flatMap((group) =>
      ['first', 'middle', 'last'].flatMap((page) =>
        ratioOf(
          samples,
          `time of the ${page} page${group === 'moved' ? ', some moved,' : ''} / first page of ${smallPeople.toLocaleString('en')}`,
          group === 'moved' ? 'smallMoved.first' : 'small.first',
          `${group}.${page}`,
          { atMost: 1.3 },
        ),
      ),
    ),
    ...ratioOf(samples, 'time of a search with 0 hits / a page of 25', 'list.25', 'search.0', { atMost: 5 }),
    ...ratioOf(samples, 'time of a search with 1 hit / a page of 25', 'list.25', 'search.1', { atMost: 5 }),
    ...ratioOf(samples, 'time of a search with 50 hits / a page of 25', 'list.25', 'search.50', { atMost: 5 }),
    ...ratioOf(samples, 'create / one INSERT and COMMIT a request', 'create', 'insert', { atLeast: 1.5 }),
  ]
}

async function startServer(scratch: Scratch, file: string, input: object): Promise<{ url: string; pid: number }> {
  const { child, answer } = await scratch.startHelper<{ port: number }>(file, input)
  return { url: `http://127.0.0.1:${answer.port}`, pid: child.pid ?? 0 }
}

async function findOrganisation(client: Client, product: RunningProduct): Promise<string> {
  const { rows } = await client.query<{ organisation_id: string }>(
    'select organisation_id from waitlists where id = $1',
    [product.waitlists.plain],
  )
  return rows[0]?.organisation_id ?? ''
}

async function countCreated(client: Client, { waitlists }: RunningProduct) {
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
  client: Client,
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
