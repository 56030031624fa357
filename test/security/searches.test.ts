import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { revokeApiKey } from '../../src/features/api-keys/revoke-api-key.ts'
import { fillWaitlist } from '../../src/features/subscribers/fill-waitlist.ts'
import { type ApiAnswer, asApiKey, asUser } from '../as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
import { textOf } from '../people.ts'

const people = 30_000
/** A token comes back every ten minutes: as good as never, so that no clock plays a part. */
const limits = { API_RATE_LIMIT_PER_MINUTE: '1', API_RATE_LIMIT_BURST: '100' }

let product: TestProduct
/** A second process, with limits as tight as these. */
let tight: TestProduct
let long: Awaited<ReturnType<typeof makeList>>
beforeAll(async () => {
  product = await makeProduct()
  tight = await makeProduct(limits, product)
  long = await makeList(people)
})
afterAll(async () => {
  await tight.close()
  await product.close()
})

async function makeList(count: number) {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  await fillWaitlist(organisation.ctx, waitlist, count)
  const path = `/waitlists/${waitlist}/subscribers`
  return { organisation, waitlist, path, key: await makeApiKey(organisation) }
}

const search = (key: string, path: string, q: string, on = product) =>
  asApiKey(on, key).get(`${path}?limit=5&q=${encodeURIComponent(q)}`)

const tokensLeft = ({ headers }: ApiAnswer) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])

test.each(['e', '@', '.', 'ma', 'a@b', '-_-', '%', 'a.1', '\\'])(
  'on a long waitlist %s is refused, and says what to search for',
  async (q) => {
    const answer = await search(long.key.secret, long.path, q)
    expect([answer.status, answer.json.code, answer.json.errors]).toEqual([
      422,
      'validation_failed',
      [{ parameter: 'q', code: 'too_short', detail: expect.stringContaining('three letters or digits in a row') }],
    ])
  },
)

test('on a short one it finds exactly who has it, and on a long one so does what the index can find', async () => {
  const short = await makeList(200)
  expect((await search(short.key.secret, short.path, '@')).json.total).toBe(200)
  expect((await search(short.key.secret, short.path, 'A.1')).json.total).toBeGreaterThan(0)
  expect((await search(long.key.secret, long.path, '.29999@')).json.total).toBe(1)
  expect((await search(long.key.secret, long.path, 'EXAMPLE')).json.total).toBe(people)
})

test('the dashboard says so too, beside the search, and counts nobody', async () => {
  const user = await asUser(product, long.organisation.owner)
  const page = await user.get(`/o/${long.organisation.slug}/waitlists/${long.waitlist}?q=%40`)
  expect(page.status).toBe(422)
  expect(textOf(page.html)).toContain('search for at least three letters or digits in a row')
  expect(page.html).toContain('value="@"')
  const found = await user.get(`/o/${long.organisation.slug}/waitlists/${long.waitlist}?q=.29999%40`)
  expect([found.status, textOf(found.html)]).toEqual([200, expect.stringContaining('1 person found')])
})

test('a search is charged by the rows that it reads, found or not, into debt, and RateLimit says so', async () => {
  const { secret } = await makeApiKey(long.organisation)
  const plain = await asApiKey(tight, secret).get(`${long.path}?limit=5`)
  expect(tokensLeft(plain)).toBe(99)
  const few = await search(secret, long.path, '.12345@', tight)
  expect([few.json.total, tokensLeft(few)]).toEqual([1, 98])
  const none = await search(secret, long.path, 'com exa', tight)
  // Every address has these letters, and none of them so: all were read.
  expect([none.json.total, tokensLeft(none)]).toEqual([0, 98 - 1 - people / 1_000])
  const all = await search(secret, long.path, 'example', tight)
  expect([all.json.total, tokensLeft(all)]).toEqual([people, 67 - 1 - people / 1_000])
  await search(secret, long.path, 'example', tight)
  const last = await search(secret, long.path, 'example', tight)
  // Five are left, and thirty are taken.
  expect([last.status, last.headers.get('ratelimit')]).toEqual([200, expect.stringMatching(/^"default";r=0;t=\d+$/)])
  const t = Number(/t=(\d+)/.exec(last.headers.get('ratelimit') ?? '')?.[1])
  expect(t).toBeGreaterThan(60 * 25)
  const refused = await asApiKey(tight, secret).get('/key')
  expect([refused.status, refused.json.code]).toEqual([429, 'rate_limited'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60 * 25)
  expect((await asApiKey(tight, long.key.secret).get('/key')).status).toBe(200)
})

test('searches that wait are refused once their key is in debt', async () => {
  const { secret } = await makeApiKey(long.organisation)
  const answers = await Promise.all(Array.from({ length: 30 }, () => search(secret, long.path, 'example', tight)))
  const statuses = answers.map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([200, 429]))
  // Each takes 30 of the 70 tokens that are left when all have taken their own.
  expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(4)
})

/** Lets no search come to an end until it is called off. */
async function holdSearches() {
  const client = new pg.Client({ connectionString: product.database.url })
  await client.connect()
  await client.query('begin')
  await client.query('lock table common_trigrams in access exclusive mode')
  const searching = async () => {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    )
    return Number(rows[0]?.count)
  }
  return {
    searching,
    async release() {
      await client.query('commit')
      await client.end()
    },
  }
}

test('a search whose client left while it waited is not run and takes no further tokens', async () => {
  const { secret } = await makeApiKey(long.organisation)
  const held = await holdSearches()
  const queued = vi.spyOn(tight.services.searches, 'run')
  const running = search((await makeApiKey(long.organisation)).secret, long.path, 'grace.12', tight)
  await vi.waitFor(() => expect(queued).toHaveBeenCalledTimes(1), { timeout: 20_000 })
  const client = new AbortController()
  const waiting = fetch(`${tight.url}/v1/api${long.path}?q=example`, {
    headers: { Authorization: `Bearer ${secret}` },
    signal: client.signal,
  }).catch((error: unknown) => error)
  await vi.waitFor(() => expect(queued).toHaveBeenCalledTimes(2), { timeout: 20_000 })
  client.abort()
  expect(await waiting).toBeInstanceOf(Error)
  await expect(queued.mock.results[1]?.value).rejects.toMatchObject({ code: 'invalid_request' })
  await held.release()
  expect((await running).status).toBe(200)
  const next = await search(secret, long.path, '.12345@', tight)
  expect([next.json.total, tokensLeft(next)]).toEqual([1, 98])
})

test('of forty searches of one organisation one runs, some wait, the rest are refused, and others go on', async () => {
  const [other, third, neighbour] = await Promise.all([makeList(people), makeList(people), makeList(10)])
  const held = await holdSearches()
  const refused: ApiAnswer[] = []
  const answers = Array.from({ length: 40 }, async () => {
    const answer = await search(long.key.secret, long.path, 'grace.12')
    if (answer.status === 429) refused.push(answer)
    return answer
  })
  await vi.waitFor(() => expect(refused.length).toBeGreaterThanOrEqual(7), { timeout: 20_000 })
  expect(await held.searching()).toBe(1)
  for (const { headers } of refused) expect(headers.get('retry-after')).toMatch(/^[12]$/)
  answers.push(search(other.key.secret, other.path, 'grace.12'), search(third.key.secret, third.path, 'grace.12'))
  await vi.waitFor(async () => expect(await held.searching()).toBe(2), { timeout: 20_000 })
  const created = await asApiKey(product, neighbour.key.secret).post(neighbour.path, { email: 'beside@example.com' })
  expect(created.status).toBe(201)
  expect(await held.searching()).toBe(2)
  // Of a key that is revoked while its search waits, nothing is found any more.
  const revoked = await makeApiKey(third.organisation)
  const waiting = search(revoked.secret, third.path, 'grace.12')
  await revokeApiKey(third.organisation.ctx, revoked.id)
  await held.release()
  const statuses = (await Promise.all(answers)).map(({ status }) => status)
  // Those whose turn came too late are refused, too.
  expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([])
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(2)
  expect([401, 429]).toContain((await waiting).status)
})
