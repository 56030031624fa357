import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { revokeApiKey } from '../src/features/api-keys/revoke-api-key.ts'
import { setPlan } from '../src/features/plans/set-plan.ts'
import { addSubscriber } from '../src/features/subscribers/add-subscriber.ts'
import { archiveWaitlist } from '../src/features/waitlists/archive-waitlist.ts'
import { type FuzzedRequest, fuzzedRequests, type Setting } from './api-requests.ts'
import { asApiKey } from './as.ts'
import { findUndeclared, readDeclaredApi } from './declared-api.ts'
import { reportFigure } from './figures.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from './make.ts'
import { makeRawCaller } from './raw-call.ts'
import { makeDigester, type TableDigests } from './table-digests.ts'

/** Kept behind the answers: limits and when a key was last used. */
const background = ['api_key_usage', 'rate_limits']

let product: TestProduct
let setting: Setting
let caller: ReturnType<typeof makeRawCaller>
let digest: () => Promise<TableDigests>
const figures: Record<string, number> = {}

beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
  caller = makeRawCaller(product.url.replace('localhost', '127.0.0.1'))
  setting = await makeSetting()
  digest = await makeDigester(product.database.owner, { except: background })
})
afterAll(async () => {
  caller.close()
  await product.close()
  reportFigure('API requests fuzzed', figures.requests ?? 0)
})

async function makeSetting(): Promise<Setting> {
  const [organisation, other, asleep] = [
    await makeOrganisation(product),
    await makeOrganisation(product),
    await makeOrganisation(product),
  ]
  const waitlist = await makeWaitlist(organisation)
  const archived = await makeWaitlist(organisation)
  const foreign = await makeWaitlist(other)
  for (const [ctx, id] of [
    [organisation.ctx, archived],
    [other.ctx, foreign],
  ] as const)
    await addSubscriber(ctx, id, { email: 'hidden@example.com' })
  await archiveWaitlist(organisation.ctx, archived)
  const [full, reader, writer, revoked, sleeping] = [
    await makeApiKey(organisation),
    await makeApiKey(organisation, ['subscribers:read']),
    await makeApiKey(organisation, ['subscribers:write']),
    await makeApiKey(organisation),
    await makeApiKey(asleep),
  ]
  await revokeApiKey(organisation.ctx, revoked.id)
  await setPlan(asleep.ctx, 'free')
  // The row about its use comes once an hour: from here on nothing refused writes any.
  await asApiKey(product, revoked.secret).get('/key')
  const noticed = { action: 'api_key.used_after_revoke' }
  const { kysely } = product.database.owner
  await vi.waitUntil(
    () => kysely.selectFrom('activities').select('number').where('action', '=', noticed.action).executeTakeFirst(),
    { timeout: 20_000 },
  )
  const bearer = (token: string): [string, string][] => [['Authorization', `Bearer ${token}`]]
  const invalidKey: [number, string] = [401, 'invalid_api_key']
  const malformed: [number, string] = [400, 'invalid_request']
  return {
    operations: await readDeclaredApi(product.url),
    waitlist,
    otherWaitlists: [foreign, archived, organisation.id, full.id],
    credentials: [
      { headers: bearer(full.secret) },
      { headers: bearer(reader.secret), scopes: ['subscribers:read'] },
      { headers: bearer(writer.secret), scopes: ['subscribers:write'] },
      { headers: bearer(revoked.secret), refusal: invalidKey },
      { headers: bearer(sleeping.secret), refusal: [403, 'feature_not_allowed'] },
      { headers: bearer(`${full.secret.slice(0, -1)}${full.secret.endsWith('0') ? '1' : '0'}`), refusal: invalidKey },
      { headers: bearer('garbage'), refusal: invalidKey },
      { headers: bearer(`${full.secret}x`), refusal: invalidKey },
      { headers: bearer(''), refusal: malformed },
      { headers: bearer(`${full.secret} ${full.secret}`), refusal: malformed },
      { headers: [...bearer(full.secret), ...bearer(full.secret)], refusal: malformed },
      { headers: [['Authorization', 'Basic YTpi']], refusal: [401, 'unauthenticated'] },
      { headers: [], refusal: [401, 'unauthenticated'] },
    ],
  }
}

/** Sends it, and holds the answer against the document and against the answer that it must get. */
async function send({ operationId, request, refusal, allow, idempotencyKey }: FuzzedRequest) {
  const operation = setting.operations.find((candidate) => candidate.operationId === operationId)
  const answer = await caller.call(request)
  const code = answer.status >= 400 && answer.text ? JSON.parse(answer.text).code : null
  const said = `${answer.status} ${answer.text}`
  expect([said, operation && findUndeclared(operation, request.method, answer)]).toEqual([said, []])
  // Whether a key came before with another body, only all that was sent would tell.
  const isMismatch = idempotencyKey !== undefined && code === 'idempotency_mismatch'
  if (refusal && !(isMismatch && refusal[0] === 404)) {
    const [status, expected] = refusal
    expect([said, answer.status, code]).toEqual([said, status, request.method === 'HEAD' ? null : expected])
  } else if (!isMismatch) expect([said, answer.status < 300]).toEqual([said, true])
  if (answer.status === 405) expect(answer.headers.get('allow')).toBe(allow)
  const kind = answer.status < 300 ? 'done' : 'refused'
  for (const name of ['requests', kind, `${operationId} ${kind}`]) figures[name] = (figures[name] ?? 0) + 1
  return {
    isNew: answer.status === 201 && !answer.headers.has('idempotent-replayed'),
    isChange: answer.status < 300 && operation?.method !== 'GET',
  }
}

test('every request to every operation gets the answer that it must, as the document declares it, and one that is refused changes nothing', async () => {
  let known: TableDigests | undefined
  const oneRun = async (requests: FuzzedRequest[]) => {
    const before = known ?? (await digest())
    known = undefined
    const answers = []
    for (const request of requests) answers.push(await send(request))
    const after = await digest()
    if (!answers.some(({ isChange }) => isChange)) expect(after).toEqual(before)
    const [was, is] = [rowsOf(before), rowsOf(after)]
    const added = answers.filter(({ isNew }) => isNew).length
    for (const table of ['subscribers', 'activities']) was[table] = (was[table] ?? 0) + added
    // These count the people, and keep the answers of requests that were done.
    for (const table of ['line_counts', 'daily_joins', 'idempotency_answers']) was[table] = is[table] ?? 0
    expect(is).toEqual(was)
    known = after
  }
  const several = fc.array(fuzzedRequests(setting), { minLength: 1, maxLength: 12, size: 'max' })
  await fc.assert(fc.asyncProperty(several, oneRun), { numRuns: 700 })
  for (const { operationId } of setting.operations)
    for (const kind of ['done', 'refused']) expect(figures[`${operationId} ${kind}`]).toBeGreaterThan(100)
}, 300_000)

test('nothing of it was logged as unexpected', () => {
  expect(product.logged()).not.toMatch(/"level":50/)
})

const rowsOf = (digests: TableDigests): Record<string, number> =>
  Object.fromEntries(Object.entries(digests).map(([table, { rows }]) => [table, rows]))
