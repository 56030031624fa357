import { makeDatabase } from './make-database.ts'
import { makeManyOrganisations } from './many-organisations.ts'
import { type Measured, measuredLoad, measureRounds } from './measure.ts'
import { type Bench, type Findings, say } from './part.ts'
import { type Ratio, ratioOf } from './ratio.ts'
import { makeEnvironment, startServer } from './start-product.ts'

const names = {
  lists: 'lists, many organisations',
  creates: 'creates, many organisations',
  one: 'creates, one organisation',
}
type Load = keyof typeof names
const loads = Object.keys(names) as Load[]

/** One serving process beside two, each with a database of its own, of which one began as the other's copy. */
export async function compareProcesses(bench: Bench): Promise<Findings> {
  const { scratch, options, product, client, load, postmasterPid } = bench
  say('starting servers of one and of two processes')
  const dataDir = scratch.makeFolder()
  const url = await makeDatabase(client, product.databaseUrl, 'bench_one_process')
  await (await startServer(scratch, makeEnvironment(dataDir, url))).stop()
  const { lists, creates } = await makeManyOrganisations(url, makeEnvironment(dataDir, url))
  const copy = await makeDatabase(client, product.databaseUrl, 'bench_two_processes', 'bench_one_process')
  const one = await startServer(scratch, makeEnvironment(dataDir, url))
  const two = await startServer(scratch, { ...makeEnvironment(dataDir, copy), WEB_CONCURRENCY: '2' })

  const requests = { lists, creates, one: creates.slice(0, 1) }
  const measured: Measured[] = loads.flatMap((which) =>
    [one, two].map((server, i) =>
      measuredLoad(
        load,
        { url: server.url, pid: server.pid, postmasterPid },
        {
          id: `processes.${which}.${i + 1}`,
          name: `WEB_CONCURRENCY=${i + 1}: ${names[which]}`,
          requests: requests[which],
          connections: which === 'lists' ? 32 : 64,
        },
      ),
    ),
  )
  await measureRounds(measured, { rounds: 1, seconds: 1 })
  const samples = await measureRounds(measured, options)
  await Promise.all([one.stop(), two.stop()])
  const ratio = (which: Load, atLeast: number): Ratio[] =>
    ratioOf(samples, `two processes / one: ${names[which]}`, `processes.${which}.2`, `processes.${which}.1`, {
      atLeast,
    })
  return { measured, samples, ratios: [...ratio('lists', 1), ...ratio('creates', 1), ...ratio('one', 0.8)], notes: [] }
}
