import { rmSync } from 'node:fs'
import { Hono } from 'hono'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createApp } from '../../src/app.tsx'
import type { AppEnv } from '../../src/platform/http/app-env.ts'
import { healthRoutes } from '../../src/platform/http/health.ts'
import { startHttpServer } from '../../src/platform/http/start-http-server.ts'
import { asUser } from '../as.ts'
import { makeApiCaller, makeProduct, secretKey, type TestOrganisation, type TestProduct } from '../make.ts'
import { makeDataDir, startServer } from '../processes.ts'
import { beginReading, openTransactions, type SlowReading } from '../slow-reader.ts'
import { beginArchive, beginLog, makeLargeOrganisation, whenLet } from './unread-downloads.ts'

let product: TestProduct
const organisations: TestOrganisation[] = []
beforeAll(async () => {
  product = await makeProduct()
  for (let i = 0; i < 10; i++) organisations.push(await makeLargeOrganisation(product))
}, 120_000)
afterAll(() => product?.close())

const begun: SlowReading[] = []
afterEach(async () => {
  for (const { goAway } of begun.splice(0)) goAway()
  await expect.poll(() => openTransactions(product), patience).toBe(0)
})

const organisation = (i: number) => organisations[i] as TestOrganisation
const ownerOf = (i: number) => asUser(product, organisation(i).owner)
const patience = { timeout: 20_000 }

/** Answers `/readyz` as the same process does. */
async function startHealth() {
  const app = new Hono<AppEnv>()
  healthRoutes(app, product.services, { draining: false })
  return startHttpServer(app, { host: '127.0.0.1', port: 0, publicUrl: product.url })
}

/** Begins an archive, and reads no more than its beginning. */
async function begin(i: number, user: Awaited<ReturnType<typeof asUser>>, at: Pick<TestProduct, 'url'> = product) {
  const reading = await whenLet(() => beginArchive(at, user, organisation(i)))
  begun.push(reading)
  return reading
}

/** What everybody else does all day. */
async function askBeside({ api, path, owner }: Awaited<ReturnType<typeof makeNeighbour>>, health: string, i: number) {
  const startedAt = performance.now()
  const [ready, user, created] = await Promise.all([
    fetch(`${health}/readyz`),
    asUser(product, owner),
    api.post(path, { email: `neighbour-${i}@example.com` }),
  ])
  return { statuses: [ready.status, user.cookie() !== '', created.status], tookMs: performance.now() - startedAt }
}

async function makeNeighbour() {
  const { organisation, ...caller } = await makeApiCaller(product)
  return { ...caller, owner: organisation.owner }
}

test('ten accounts that begin archives and never read them keep nobody waiting', { timeout: 120_000 }, async () => {
  const neighbour = await makeNeighbour()
  const health = await startHealth()
  const owners = await Promise.all(organisations.map((_, i) => ownerOf(i)))
  const ask = (i: number) => askBeside(neighbour, `http://127.0.0.1:${health.port}`, i)
  // The same without archives, on a machine that may have much else to do.
  const alone = [await ask(10), await ask(11), await ask(12)].map(({ tookMs }) => tookMs)
  const readings = await Promise.all(owners.map((owner, i) => beginArchive(product, owner, organisation(i))))
  begun.push(...readings)
  for (let i = 0; i < 10; i++) {
    const { statuses, tookMs } = await ask(i)
    expect(statuses).toEqual([200, true, 201])
    expect(tookMs).toBeLessThan(1_000 + 2 * Math.max(...alone))
  }
  expect(readings.map(({ status }) => status).sort()).toEqual([200, 200, ...Array.from({ length: 8 }, () => 429)])
  expect(await openTransactions(product)).toBe(2)

  const refused = readings.find(({ status }) => status === 429)
  expect(refused?.headers['retry-after']).toBe('60')
  expect(`${refused?.first}${await refused?.rest()}`).toContain('Try again in a minute')
  for (const { goAway } of readings) goAway()
  await expect.poll(() => openTransactions(product), patience).toBe(0)
  await begin(9, await ownerOf(9))
  await health.drain()
})

test('a user has one archive under way, over all organisations and processes', async () => {
  const second = await makeProduct({}, product)
  const { owner } = organisation(0)
  await product.database.owner.kysely
    .insertInto('members')
    .values({ organisation_id: organisation(1).id, user_id: owner.id, role: 'owner' })
    .execute()
  const [here, there] = [await asUser(product, owner), await asUser(second, owner)]
  const reading = await begin(0, here)
  const refused = await there.post(`/o/${organisation(1).slug}/settings/export`)
  expect([refused.status, /under way/.test(refused.html)]).toEqual([409, true])
  reading.goAway()
  const next = await begin(1, there, second)
  next.goAway()
  await second.close()
})

test('two files of a user are under way at once, hold no connection, and free their places at their end', async () => {
  const owner = await ownerOf(2)
  const readings = await Promise.all([1, 2].map(() => beginLog(product, owner, organisation(2))))
  begun.push(...readings)
  expect(readings.map(({ status }) => status)).toEqual([200, 200])
  await expect.poll(() => openTransactions(product), patience).toBe(0)
  const third = await owner.post(`/o/${organisation(2).slug}/activity/export`, { format: 'csv' })
  expect([third.status, /under way/.test(third.html)]).toEqual([409, true])
  readings[0]?.goAway()
  begun.push(await whenLet(() => beginLog(product, owner, organisation(2))))
  expect(((await readings[1]?.rest()) ?? '').length).toBeGreaterThan(5_000_000)
  // The place of a whole or refused one is free with its last byte.
  for (let i = 0; i < 5; i++)
    expect((await owner.post(`/o/${organisation(2).slug}/activity/export`, {})).status).toBe(422)
  for (let i = 0; i < 5; i++) {
    const whole = await owner.post(`/o/${organisation(2).slug}/activity/export`, {
      format: 'csv',
      from: '2001-01-01',
      until: '2001-01-01',
    })
    expect(whole.status).toBe(200)
  }
})

test('a reader who is too slow is cut off, and frees the snapshot and the place at once', async () => {
  const app = createApp(product.services, { pace: { patienceMs: 300 } })
  const { publicUrl } = product.services.config
  const impatient = await startHttpServer(app, { host: '127.0.0.1', port: 0, publicUrl })
  const owner = await ownerOf(3)
  const at = `http://127.0.0.1:${impatient.port}`
  const beginThere = () =>
    beginReading(`${at}/o/${organisation(3).slug}/settings/export`, {
      method: 'POST',
      headers: { Cookie: owner.cookie(), Origin: product.url },
    })
  for (let i = 0; i < 3; i++) {
    const reading = await whenLet(beginThere)
    await vi.waitUntil(() => product.logged().split('a download was cut off').length === i + 2, patience)
    await expect(reading.rest()).rejects.toThrow(/aborted|ECONNRESET/)
    await expect.poll(() => openTransactions(product), patience).toBe(0)
  }
  expect(product.logged()).not.toMatch(/broke off|"level":50/)
  await impatient.drain()
})

/** Another server, which asks for this pace while all places are taken, with two archives under way that nobody reads. */
async function startCrowded(bytesPerSecond: number, patienceMs: number) {
  const app = createApp(product.services, { paceWhileFull: { bytesPerSecond, patienceMs } })
  const { publicUrl } = product.services.config
  const server = await startHttpServer(app, { host: '127.0.0.1', port: 0, publicUrl })
  const beginThere = async (i: number) => {
    const { owner, slug } = organisation(i)
    const headers = { Cookie: (await asUser(product, owner)).cookie(), Origin: product.url }
    return beginReading(`http://127.0.0.1:${server.port}/o/${slug}/settings/export`, { method: 'POST', headers })
  }
  const unread = [await whenLet(() => beginThere(6)), await whenLet(() => beginThere(7))]
  begun.push(...unread)
  expect(unread.map(({ status }) => status)).toEqual([200, 200])
  await expect.poll(() => openTransactions(product), patience).toBe(2)
  return { server, beginThere, unread }
}

const cutOff = (reason: string) => product.logged().split(`"reason":"${reason}"`).length - 1

test('two accounts that do not read their archives lose a place to the next user', async () => {
  const { server, beginThere, unread } = await startCrowded(256 * 1024, 0)
  const before = cutOff('another download needs its place')
  const next = await whenLet(() => beginThere(8))
  begun.push(next)
  expect(cutOff('another download needs its place')).toBe(before + 1)
  await expect.poll(() => openTransactions(product), patience).toBe(2)
  const rests = await Promise.allSettled([...unread, next].map(({ rest }) => rest()))
  expect(rests.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  expect(rests[2]?.status).toBe('fulfilled')
  await server.drain()
})

test('two accounts that read fast enough keep their places', async () => {
  const { server, beginThere, unread } = await startCrowded(1, 3_600_000)
  expect((await beginThere(8)).status).toBe(429)
  for (const { rest } of unread) expect((await rest()).length).toBeGreaterThan(5_000_000)
  await server.drain()
})

test('a user without archives left for the hour ends nobody else’s', async () => {
  const { server, beginThere, unread } = await startCrowded(256 * 1024, 0)
  const { id } = organisation(8).owner
  await sql`insert into rate_limits (subject, tokens, refilled_at)
    values (${`archive:${id}`}, 0, clock_timestamp() + interval '1 hour')
    on conflict (subject) do update set tokens = 0, refilled_at = excluded.refilled_at`.execute(
    product.database.owner.kysely,
  )
  const refused = await beginThere(8)
  expect([refused.status, refused.first.includes('ten archives an hour')]).toEqual([429, true])
  for (const { rest } of unread) expect((await rest()).length).toBeGreaterThan(5_000_000)
  await server.drain()
})

test('a user who has had ten archives in an hour is told when the next one may begin', async () => {
  const owner = await ownerOf(4)
  // One of ten who began archives at once before may be this user.
  await sql`delete from rate_limits where subject = ${`archive:${organisation(4).owner.id}`}`.execute(
    product.database.owner.kysely,
  )
  for (let i = 0; i < 10; i++) {
    const reading = await begin(4, owner)
    reading.goAway()
  }
  await expect.poll(() => openTransactions(product), patience).toBe(0)
  const refused = await vi.waitUntil(async () => {
    const answer = await owner.post(`/o/${organisation(4).slug}/settings/export`)
    return answer.status === 409 ? undefined : answer
  }, patience)
  expect([refused.status, /Try again in 6 minutes/.test(refused.html)]).toEqual([429, true])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(300)
})

test('a process that dies frees the places of its downloads', { timeout: 60_000 }, async () => {
  const env = { DATABASE_URL: product.database.url, SECRET_KEY: secretKey, DATA_DIR: makeDataDir() }
  const dying = await startServer(env)
  const here = await ownerOf(5)
  await begin(5, here, dying)
  expect((await here.post(`/o/${organisation(5).slug}/settings/export`)).status).toBe(409)
  await dying.stop('SIGKILL')
  await begin(5, here)
  rmSync(env.DATA_DIR, { recursive: true, force: true })
})
