import { createHash, createHmac, hkdfSync, scryptSync } from 'node:crypto'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { furnish, type Place } from '../../../test/e2e/furnish.ts'
import { reportFigure } from '../../../test/figures.ts'
import { makeApiKey, makeProduct, secretKey, type TestProduct } from '../../../test/make.ts'
import { dump } from '../../../test/people.ts'
import { watchedStatements } from '../../../test/watched-statements.ts'
import { makeSecrets } from '../../platform/secrets.ts'
import { mintApiKeySecret } from './api-key-secret.ts'

let product: TestProduct
let place: Place
/** What the attacker has beside the tables: a key whose row they can point at. */
let known: Awaited<ReturnType<typeof makeApiKey>>
beforeAll(async () => {
  product = await makeProduct()
  const words = { keys: ['crm', 'old'], waitlists: ['Launch'], description: 'x', organisation: 'Acme', person: 'Ada' }
  place = await furnish(product, { ...words, userAgent: 'crm/1.0', emails: ['a@example.com'] })
  known = await makeApiKey(place.organisation)
})
afterAll(() => product.close())

const owner = () => product.database.owner.kysely

async function storedHash(id: string): Promise<Buffer> {
  const row = owner().selectFrom('api_keys').select('secret_hash').where('id', '=', id)
  return (await row.executeTakeFirstOrThrow()).secret_hash
}

test('whoever has every table, but not SECRET_KEY, cannot tell whether a key they guess is the right one', async () => {
  const stored = await storedHash(known.id)
  const text = await dump(product)
  // Every value of every row, and what it may be written as, tried as the key of the hash.
  const values = new Set<string>()
  for (const rows of text.split('\n'))
    JSON.parse(rows, (_, held) => {
      values.add(String(held))
      return held
    })
  expect(values).toContain(product.services.secrets.version)
  const keys = [...values].flatMap((value) => [
    Buffer.from(value),
    Buffer.from(value, 'latin1'),
    ...(/^([0-9a-f]{2}){6,}$/.test(value) ? [Buffer.from(value, 'hex')] : []),
  ])
  let tried = 0
  const isRight = (guess: Buffer) => {
    tried += 1
    return guess.equals(stored)
  }
  for (const key of keys)
    for (const secret of [known.secret, known.secret.slice('qu_live_'.length)]) {
      expect(isRight(createHmac('sha256', key).update(secret).digest())).toBe(false)
      expect(isRight(createHash('sha256').update(key).update(secret).digest())).toBe(false)
      expect(isRight(createHash('sha256').update(secret).update(key).digest())).toBe(false)
      // Our own way, in case one of them were the secret itself.
      const derived = Buffer.from(hkdfSync('sha256', key, '', 'queueup/api-key/v1', 32))
      expect(isRight(createHmac('sha256', derived).update(secret).digest())).toBe(false)
    }
  for (const plain of ['sha256', 'sha512', 'sha3-256', 'blake2s256', 'md5'])
    expect(isRight(createHash(plain).update(known.secret).digest())).toBe(false)
  expect(isRight(scryptSync(known.secret, known.id, 32))).toBe(false)
  expect(tried).toBeGreaterThan(1_000)
  // The search finds it with the one thing that no table holds.
  expect(text).not.toContain(secretKey)
  expect(makeSecrets(secretKey).hash('api-key', known.secret)).toEqual(stored)
  reportFigure('guesses at keys of stolen tables', tried)
})

test('a row that was written without SECRET_KEY opens nothing', async () => {
  const { id: organisationId, owner: person } = place.organisation
  const write = (id: string, secret: string, hash: Buffer, version = product.services.secrets.version) =>
    owner()
      .insertInto('api_keys')
      .values({
        ...{ id, name: id, name_key: id, prefix: `${secret.slice(0, 12)}…`, organisation_id: organisationId },
        ...{ scopes: ['subscribers:read'], secret_hash: hash, secret_version: version },
        ...{ created_by_id: person.id, created_by_name: 'Ada' },
      })
      .execute()
  const theirs = makeSecrets('the secret of the attacker, of more than 32 bytes')
  const forgeries: ((secret: string) => [Buffer, string?])[] = [
    (secret) => [createHash('sha256').update(secret).digest()],
    (secret) => [createHmac('sha256', '').update(secret).digest()],
    (secret) => [theirs.hash('api-key', secret), theirs.version],
    (secret) => [theirs.hash('api-key', secret)],
  ]
  for (const [i, forge] of forgeries.entries()) {
    const secret = mintApiKeySecret()
    await write(`key_forged_${i}`, secret, ...forge(secret))
    expect((await asApiKey(product, secret).get('/key')).status).toBe(401)
  }
  // Nor can the hash of a key that is known be put into a second row, to act with it as somebody else.
  await expect(write('key_second', known.secret, await storedHash(known.id))).rejects.toThrow(/unique/)
  expect((await asApiKey(product, known.secret).get('/key')).json.organisation.id).toBe(organisationId)
})

test("the application's role can give a key no other secret, but for the same one under a new SECRET_KEY", async () => {
  const victim = await makeApiKey(place.organisation)
  const before = await storedHash(victim.id)
  const enter = <T>(work: (sent: typeof sql) => { execute(on: ReturnType<typeof owner>): Promise<T> }) =>
    product.database.database.kysely.transaction().execute(async (transaction) => {
      await sql`select set_config('app.organisation_id', ${place.organisation.id}, true)`.execute(transaction)
      return work(sql).execute(transaction)
    })
  const wanted = createHash('sha256').update('known to the attacker').digest()
  watchedStatements().forgive((text) =>
    /^update api_keys set secret_hash = \$1, secret_version = 'x' where id = \$2$/.test(text),
  )
  await expect(
    enter((sql) => sql`update api_keys set secret_hash = ${wanted}, secret_version = 'x' where id = ${victim.id}`),
  ).rejects.toThrow(/permission denied/)
  const renew = (organisationId: string, previous: Buffer) =>
    enter((sql) => sql`select renew_key_hash(${organisationId}, ${victim.id}, ${previous}, ${wanted}, 'x')`)
  await renew(place.organisation.id, wanted)
  await renew(place.empty.id, before)
  expect(await storedHash(victim.id)).toEqual(before)
  expect((await asApiKey(product, victim.secret).get('/key')).status).toBe(200)
  await renew(place.organisation.id, before)
  expect(await storedHash(victim.id)).toEqual(wanted)
})

test('sessions, links and codes that lie in the tables sign nobody in', async () => {
  const visitor = await asUser(product, undefined)
  const { rows } = await sql<{ token: string }>`
    select token from sessions union all select encode(token_hash, 'hex') from invitations
    union all select encode(token_hash, 'base64') from invitations
    union all select encode(token_hash, 'hex') from email_changes union all select encode(token_hash, 'hex') from reset_links`.execute(
    owner(),
  )
  expect(rows.length).toBeGreaterThan(3)
  for (const { token } of rows) {
    for (const value of [token, `${token}.${createHmac('sha256', token).update(token).digest('base64')}`]) {
      const Cookie = `queueup.session_token=${encodeURIComponent(value)}`
      expect((await visitor.get('/account', { Cookie })).location).toMatch(/^\/sign-in/)
    }
    const path = encodeURIComponent(token)
    expect((await visitor.get(`/invitations/${path}`)).status).toBe(404)
    expect((await visitor.post(`/reset-password/${path}`, { password: 'taken over by me' })).status).toBe(404)
  }
})
