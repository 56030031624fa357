import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mintApiKeySecret } from '../src/features/api-keys/api-key-secret.ts'
import { revokeApiKey } from '../src/features/api-keys/revoke-api-key.ts'
import { asApiKey } from './as.ts'
import { makeApiCaller, makeApiKey, makeOrganisation, makeProduct, type TestProduct } from './make.ts'
import { compareDurations, isApart, mannWhitney, tellApart } from './tell-apart.ts'
import { watchWork } from './work-done.ts'

let product: TestProduct
let work: ReturnType<typeof watchWork>
let known: string
let revoked: string
let path: string
/** Whether the server does a little more, for the check that this test finds it. */
let isPlanted = false
beforeAll(async () => {
  // As where mail is sent: signing up tells the mailbox alone.
  product = await makeProduct({ SMTP_URL: 'smtp://127.0.0.1:1', TRUSTED_PROXIES: '127.0.0.1' })
  const { organisation, path: own } = await makeApiCaller(product)
  const key = await makeApiKey(organisation)
  await revokeApiKey(organisation.ctx, key.id)
  known = (await makeOrganisation(product)).owner.email
  revoked = key.secret
  path = own
  const { db } = product.services
  const { run } = db
  db.run = async (statement, values) => {
    if (isPlanted) await setTimeout(3)
    return run(statement, values)
  }
  work = watchWork()
})
afterAll(async () => {
  work.stop()
  await product.close()
})

let asked = 0
/** From a network of its own each time, so that no limit plays a part. */
const elsewhere = () => ({ 'X-Forwarded-For': `${10 + ((++asked >> 16) & 15)}.${(asked >> 8) & 255}.${asked & 255}.1` })

async function form(at: string, fields: Record<string, string>): Promise<number> {
  const answer = await fetch(product.url + at, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { Origin: product.url, ...elsewhere() },
    redirect: 'manual',
  })
  await answer.arrayBuffer()
  return answer.status
}

const wrong = 'not their password'
const unknown = () => `owner-${String(++asked).padStart(8, '0')}@example.com`
const mailboxesFree = () => sql`delete from rate_limits`.execute(product.database.owner.kysely)

/** What one password costs: N · r · p of scrypt, in 32 MiB of memory. */
const hashed = 16_384 * 16

const cases: [string, number, number, (email: string) => Promise<number>][] = [
  ['signing in', 422, hashed, (email) => form('/sign-in', { email, password: wrong })],
  ['asking for another password', 200, 0, (email) => form('/forgot-password', { email })],
  ['signing up', 200, 2 * hashed, (email) => form('/sign-up', { email, password: wrong })],
]

test.each(cases)(
  '%s with an address that has an account is the same work, and takes as long, as with one that has none',
  {
    timeout: 120_000,
  },
  async (_, status, hashes, send) => {
    const doneFor = async (email: string) => {
      await mailboxesFree()
      work.take()
      expect(await send(email)).toBe(status)
      return work.take()
    }
    await doneFor(known)
    const done = await doneFor(known)
    expect(done.statements.length).toBeGreaterThan(1)
    expect(done.hashes).toBe(hashes)
    expect(await doneFor(unknown())).toEqual(done)

    const kinds = { first: () => send(known), second: () => send(unknown()), prepare: mailboxesFree }
    expect(await tellApart(200, kinds)).toMatchObject({ apart: false })
  },
)

const uses: [string, (secret: string) => Promise<{ status: number }>][] = [
  ['asking about itself', (secret) => asApiKey(product, secret).get('/key', elsewhere())],
  ['listing', (secret) => asApiKey(product, secret).get(path, elsewhere())],
  ['creating', (secret) => asApiKey(product, secret).post(path, { email: 'a@example.com' }, elsewhere())],
]

test.each(uses)(
  'a key that was revoked, %s, is the same work and takes as long as one that never was',
  {
    timeout: 120_000,
  },
  async (_, use) => {
    const doneFor = async (secret: string) => {
      work.take()
      expect((await use(secret)).status).toBe(401)
      // What goes on after the answer is nobody's to time.
      return work.take().statements.filter((text) => !/record_key_reuse/.test(text))
    }
    await doneFor(revoked)
    const done = await doneFor(revoked)
    // The key, and a token for each network prefix.
    expect(done).toHaveLength(3)
    expect(await doneFor(mintApiKeySecret())).toEqual(done)
    const kinds = { first: () => use(revoked), second: () => use(mintApiKeySecret()) }
    expect(await tellApart(200, kinds)).toMatchObject({ apart: false })
  },
)

test('a server that takes a few thousandths of a second longer would be found out', { timeout: 120_000 }, async () => {
  const send = async (planted: boolean) => {
    isPlanted = planted
    await form('/forgot-password', { email: known })
    isPlanted = false
  }
  const kinds = { first: () => send(false), second: () => send(true), prepare: mailboxesFree }
  await expect.poll(async () => isApart(await compareDurations(100, kinds)), { timeout: 100_000 }).toBe(true)
})

test('the rank test says what its tables say', () => {
  expect(mannWhitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toMatchObject({ superiority: 1 })
  expect(mannWhitney([1, 2, 3], [1, 2, 3])).toMatchObject({ superiority: 0.5, z: 0 })
  // By hand: the second's ranks are 2, 4 and 6.
  expect(mannWhitney([1, 3, 5], [2, 4, 6]).superiority).toBeCloseTo(6 / 9)
  expect(mannWhitney([1, 3, 5], [2, 4, 6]).z).toBeCloseTo(1.5 / Math.sqrt((9 * 7) / 12))
})
