import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { noteUncaught } from '../../../test/note-uncaught.ts'
import { log } from '../../../test/people.ts'
import { openTransactions } from '../../../test/slow-reader.ts'
import { unzip } from '../../../test/unzip.ts'
import { Downloads } from '../../platform/downloads.ts'
import { fillWaitlist } from '../subscribers/fill-waitlist.ts'
import { exportOrganisation } from './export-organisation.ts'

let product: TestProduct
let downloads: Downloads
beforeAll(async () => {
  product = await makeProduct()
  downloads = new Downloads(product.services)
})
afterAll(async () => {
  await product.close()
})

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const owner = await asUser(product, organisation.owner)
  const address = `/o/${organisation.slug}/settings/export`
  const download = async () => {
    const response = await fetch(product.url + address, {
      method: 'POST',
      headers: { Cookie: owner.cookie(), Origin: product.url },
    })
    return { response, files: unzip(Buffer.from(await response.arrayBuffer())) }
  }
  return { organisation, owner, address, download, home: `/o/${organisation.slug}` }
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into any row.
function jsonLines(text: string | undefined): any[] {
  return (text ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

async function administer(text: string): Promise<number> {
  const client = new pg.Client({ connectionString: product.database.url })
  await client.connect()
  const { rowCount } = await client.query(text)
  await client.end()
  return rowCount ?? 0
}

/** The machine may be busy. */
const patience = { timeout: 20_000 }

test('it is of one moment, however long it takes, and only one is made at a time', async () => {
  const { organisation, owner, address } = await setUp()
  const waitlist = await makeWaitlist(organisation)
  await fillWaitlist(organisation.ctx, waitlist, 30_000)
  const archive = await exportOrganisation(organisation.ctx, downloads)
  await vi.waitUntil(() => archive.readableLength > 0, patience)
  // While nobody reads, no more is read from the database than fits a few buffers.
  const before = archive.readableLength
  expect(before).toBeLessThan(200_000)
  expect(await openTransactions(product)).toBe(1)

  const second = await owner.post(address)
  expect([second.status, /under way/.test(second.html)]).toEqual([409, true])
  await owner.post(`/o/${organisation.slug}/waitlists/${waitlist}/subscribers/29999/remove`)
  await owner.post(`/o/${organisation.slug}/waitlists/${waitlist}/add`, { email: 'late@example.com' })
  const files = unzip(Buffer.concat(await archive.toArray()))
  const people = jsonLines(files.get('subscribers.jsonl'))
  expect([people.length, people.at(-2).id, people.at(-1).position]).toEqual([30_000, '29999', 30_000])
  expect((files.get('subscribers.csv') ?? '').split('\r\n')).toHaveLength(30_002)
  // Whoever has all of one may have the next at once.
  const next = await exportOrganisation(organisation.ctx, downloads)
  next.destroy()
  await vi.waitUntil(async () => (await owner.post(address)).status === 200, patience)
})

test('whoever breaks off leaves nothing open behind, and may begin again', async () => {
  const { organisation, owner, address } = await setUp()
  await fillWaitlist(organisation.ctx, await makeWaitlist(organisation), 20_000)
  const stop = new AbortController()
  const response = await fetch(product.url + address, {
    method: 'POST',
    headers: { Cookie: owner.cookie(), Origin: product.url },
    signal: stop.signal,
  })
  await response.body?.getReader().read()
  stop.abort()
  await vi.waitUntil(async () => (await openTransactions(product)) === 0, patience)
  await vi.waitUntil(async () => (await owner.post(address)).status === 200, patience)
})

test('what breaks in the middle is a download that fails, and nothing else', async () => {
  const { organisation, owner, address } = await setUp()
  await fillWaitlist(organisation.ctx, await makeWaitlist(organisation), 20_000)
  const uncaught = noteUncaught()
  const archive = await exportOrganisation(organisation.ctx, downloads)
  await vi.waitUntil(() => archive.readableLength > 0, patience)
  await administer(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null`)
  // While nobody reads, too.
  await vi.waitUntil(() => product.logged().includes('an export of an organisation broke off'), patience)
  await expect(archive.toArray()).rejects.toThrow(/terminat|connection error|EPIPE/)
  uncaught.stop()
  expect(uncaught.take()).toEqual([])
  await vi.waitUntil(async () => (await openTransactions(product)) === 0, patience)
  await vi.waitUntil(async () => (await owner.post(address)).status === 200, patience)
})

test('only owners export, and of their own organisation', async () => {
  const { organisation, address, home } = await setUp()
  for (const role of ['admin', 'member'] as const)
    expect((await (await asUser(product, await makeMember(product, organisation, role))).post(address)).status).toBe(
      403,
    )
  const stranger = await asUser(product, (await makeOrganisation(product)).owner)
  expect((await stranger.post(address)).status).toBe(404)
  expect((await (await asUser(product, undefined)).post(address)).location).toMatch(/^\/sign-in/)
  expect((await log(product, home)).map(({ action }) => action)).toEqual(['organisation.created'])
})
