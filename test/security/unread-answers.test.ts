import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fillWaitlist } from '../../src/features/subscribers/fill-waitlist.ts'
import { asUser } from '../as.ts'
import { furnish, type Place } from '../e2e/furnish.ts'
import { reportFigure } from '../figures.ts'
import { makeApiCaller, makeApiKey, makeProduct, type TestProduct } from '../make.ts'
import { type RouteRequest, requestsOfEveryRoute } from './every-route.ts'

const clients = 10
const pipelined = 1_000
const longestMs = 1_000
const mostMegabytes = 300

let product: TestProduct
let place: Place
let requests: RouteRequest[]
/** Each of them has an address of their own. */
let others = 0
beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
  const words = { keys: ['crm', 'old'], waitlists: ['Launch', 'Later'], description: 'x', organisation: 'Acme' }
  const people = { person: 'Ada', userAgent: 'crm/1.0', emails: ['a@example.com', 'b@example.com'] }
  place = await furnish(product, { ...words, ...people })
  // Files that do not fit into the buffers on the way.
  await fillWaitlist(place.organisation.ctx, place.waitlistId, 30_000)
  const found = product.database.owner.kysely.selectFrom('invitations').select('id')
  requests = await requestsOfEveryRoute(product, {
    place,
    invitationId: (await found.executeTakeFirstOrThrow()).id,
    cookie: (await asUser(product, place.organisation.owner)).cookie(),
    key: (await makeApiKey(place.organisation)).secret,
  })
}, 120_000)
afterAll(async () => {
  await product.close()
})

/** A client that sends, and reads nothing. */
async function sendUnread(bytes: string): Promise<Socket> {
  const socket = connect(Number(new URL(product.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
  socket.write(bytes)
  return socket
}

/** The status of the first answer, once it is read after all; undefined where the connection ended without one. */
function readStatus(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once('data', (chunk) => resolve(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString('latin1'))?.[1]))
    socket.once('close', () => resolve(undefined))
    if (socket.destroyed) resolve(undefined)
    socket.resume()
  })
}

/** How long each thing takes that somebody else asks for, from another address. */
async function askBeside(other: Awaited<ReturnType<typeof makeApiCaller>>) {
  const timed = async (what: string, ask: () => Promise<number>): Promise<[string, number, number]> => {
    const beganAt = performance.now()
    const status = await ask()
    return [what, status, performance.now() - beganAt]
  }
  const visitor = await asUser(product, undefined)
  others += 1
  const from = { 'X-Forwarded-For': `198.51.100.${others % 256}` }
  const create = { email: 'beside@example.com' }
  return Promise.all([
    timed('/readyz', async () => (await fetch(`${product.url}/readyz`)).status),
    timed('a sign-in', async () => (await visitor.post('/sign-in', other.organisation.owner, from)).status),
    timed('a create', async () => (await other.api.post(other.path, create, from)).status),
  ])
}

/** What somebody else waits for too long, or is refused, while ten clients ask for this; and what was wrong with their answers. */
async function tryUnread({ name, bytes }: RouteRequest) {
  const expected: Record<string, number> = { '/readyz': 200, 'a sign-in': 303, 'a create': 201 }
  const other = await makeApiCaller(product)
  const sockets = await Promise.all(
    Array.from({ length: clients }, (_, n) => sendUnread(n % 2 === 0 ? bytes : bytes.repeat(pipelined))),
  )
  const beside = await askBeside(other)
  const faults: unknown[] = []
  for (const [what, status, ms] of beside)
    if (status !== expected[what] || ms > longestMs) faults.push({ name, what, status, ms: Math.round(ms) })
  const longest = Math.max(...beside.map(([, , ms]) => ms))
  const held = process.memoryUsage.rss()
  // One of them was served; or else nothing was tried.
  const status = await readStatus(sockets[0] as Socket)
  for (const socket of sockets) socket.destroy()
  if (!status || status >= '500') faults.push({ name, status })
  return { faults, longest, held }
}

test('whatever ten clients ask for and do not read, pipelined or not, readiness, a sign-in and a create of others wait for no second', async () => {
  const faults: unknown[] = []
  const before = process.memoryUsage.rss()
  let longest = 0
  let mostHeld = 0
  for (const request of requests) {
    let tried = await tryUnread(request)
    // The machine may have been busy with something else: what is slow is slow once more.
    if (tried.faults.length > 0) tried = await tryUnread(request)
    faults.push(...tried.faults)
    longest = Math.max(longest, tried.longest)
    mostHeld = Math.max(mostHeld, tried.held - before)
  }
  expect(faults).toEqual([])
  expect(mostHeld / 2 ** 20).toBeLessThan(mostMegabytes)
  expect(requests.length).toBeGreaterThan(90)
  reportFigure('routes whose answers nobody read', requests.length)
  reportFigure('milliseconds others waited beside them at most', Math.round(longest))
}, 180_000)
