import { setTimeout as sleep } from 'node:timers/promises'
import { createCase, readCases } from '../cases.ts'
import { makeDatabase } from '../make-database.ts'
import { type Measured, measuredLoad, measuredRequest, measureRounds } from '../measure.ts'
import { type Bench, type Findings, say } from '../part.ts'
import { ratioOf } from '../ratio.ts'
import { installPeer } from './install-peer.ts'
import type { Peer } from './peer.ts'
import { startDirectus } from './start-directus.ts'
import { startStrapi } from './start-strapi.ts'

const starts = { strapi: startStrapi, directus: startDirectus }
/** So slow a server needs a moment for what it still has to do when the load has ended. */
const restMs = 1_500
const leastSeconds = 3

/** Listing and creating beside what could be had instead, in the same rounds; what cannot run here is skipped. */
export async function comparePeers(bench: Bench): Promise<Findings> {
  const { options, product, load, postmasterPid } = bench
  const target = { url: product.url, pid: product.pid, postmasterPid }
  const [first] = readCases(product, options)
  if (!first) throw new Error('there is nothing to list')
  const own = [
    measuredRequest(load, target, product.key, {
      ...first,
      id: 'peers.list',
      name: 'QueueUp: list 50, with the total',
    }),
    measuredRequest(load, target, product.key, { ...createCase(product), id: 'peers.create', name: 'QueueUp: create' }),
  ]
  const notes: string[] = []
  const peers: Peer[] = []
  for (const [name, start] of Object.entries(starts)) {
    try {
      const refusal = await installPeer(name)
      if (refusal) throw new Error(refusal)
      say(`starting ${name} and filling it with ${options.people.toLocaleString('en')} people`)
      const databaseUrl = await makeDatabase(bench.client, product.databaseUrl, `bench_${name}`)
      const peer = await start(bench.scratch, databaseUrl, options.people)
      await checkPeer(peer, options.people)
      peers.push(peer)
    } catch (error) {
      notes.push(`${name}: skipped, ${error instanceof Error ? error.message : error}`)
    }
  }
  const measured = [...own, ...peers.flatMap((peer) => measuredPeer(load, postmasterPid, peer))]
  const calm = measured.map((one) => ({
    ...one,
    async measure(seconds: number) {
      const sample = await one.measure(Math.max(leastSeconds, seconds))
      await sleep(restMs)
      return sample
    },
  }))
  await measureRounds(calm, { rounds: 1, seconds: leastSeconds })
  const samples = await measureRounds(calm, options)
  const ratios = peers.flatMap(({ id, name }) => [
    ...ratioOf(samples, `list / ${name}`, 'peers.list', `${id}.list`, { atLeast: 15 }),
    ...ratioOf(samples, `list / ${name}, which counts nothing`, 'peers.list', `${id}.uncounted`),
    ...ratioOf(samples, `create / ${name}`, 'peers.create', `${id}.create`, { atLeast: 15 }),
  ])
  return { measured: calm, samples, ratios, notes }
}

function measuredPeer(load: Bench['load'], postmasterPid: number, peer: Peer): Measured[] {
  const target = { url: peer.url, pid: peer.pid, postmasterPid }
  const one = (id: string, name: string, request: Peer['list'], connections: number) =>
    measuredLoad(load, target, {
      id: `${peer.id}.${id}`,
      name: `${peer.name}: ${name}`,
      requests: [request],
      connections,
    })
  return [
    one('list', 'list 50, with the total', peer.list, 32),
    one('uncounted', 'list 50, counting nothing', peer.listUncounted, 32),
    one('create', 'create', peer.create, 64),
  ]
}

/** @throws Error when a peer does not list fifty of all people, or creates nobody. */
async function checkPeer({ url, list, create, readPage }: Peer, people: number): Promise<void> {
  const headers = { Authorization: list.authorization, 'Content-Type': 'application/json' }
  const listed = await fetch(url + list.path, { headers })
  const body = await listed.text()
  if (!listed.ok) throw new Error(`it answered ${listed.status}: ${body.slice(0, 300)}`)
  const { items, total } = readPage(body)
  if (items !== 50 || total !== people) throw new Error(`it lists ${items} of ${total}`)
  const created = await fetch(url + create.path, {
    method: 'POST',
    headers,
    body: (create.body ?? '').replaceAll('{n}', '0'),
  })
  if (!created.ok)
    throw new Error(`it answered a create with ${created.status}: ${(await created.text()).slice(0, 300)}`)
}
