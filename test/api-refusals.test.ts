import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mintApiKeySecret } from '../src/features/api-keys/api-key-secret.ts'
import { revokeApiKey } from '../src/features/api-keys/revoke-api-key.ts'
import type { Scope } from '../src/features/api-keys/scopes.ts'
import { asApiKey } from './as.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from './make.ts'

/** How to call each operation well. One that is not here fails the build. */
const bodies: Record<string, unknown> = {
  listSubscribers: undefined,
  createSubscriber: { email: 'refused@example.com' },
  getApiKey: undefined,
}

interface Operation {
  operationId: string
  method: string
  path: string
  scope: Scope | undefined
}

let product: TestProduct
let operations: Operation[]

beforeAll(async () => {
  product = await makeProduct()
  const document = (await (await fetch(`${product.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string; security: { apiKey: Scope[] }[] }>>
  }
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      operationId: operation.operationId,
      method: method.toUpperCase(),
      path: path.replace('/v1/api', ''),
      scope: operation.security[0]?.apiKey[0],
    })),
  )
})
afterAll(() => product.close())

test('every operation of /openapi.json is known here', () => {
  expect(operations.map((operation) => operation.operationId).sort()).toEqual(Object.keys(bodies).sort())
})

describe('every operation refuses', () => {
  const refusals: Record<
    string,
    {
      status: number
      code: string
      challenge: RegExp | null
      secret: (setting: Setting) => Promise<string | undefined>
    }
  > = {
    'no key': {
      status: 401,
      code: 'unauthenticated',
      challenge: /^Bearer realm="queueup"$/,
      secret: async () => undefined,
    },
    garbage: {
      status: 401,
      code: 'invalid_api_key',
      challenge: /error="invalid_token"/,
      secret: async () => 'garbage',
    },
    'a key with a wrong checksum': {
      status: 401,
      code: 'invalid_api_key',
      challenge: /error="invalid_token"/,
      secret: async ({ both }) => mistype(both),
    },
    'a key that was never issued': {
      status: 401,
      code: 'invalid_api_key',
      challenge: /error="invalid_token"/,
      secret: async () => mintApiKeySecret(),
    },
    'a revoked key': {
      status: 401,
      code: 'invalid_api_key',
      challenge: /error="invalid_token"/,
      secret: async ({ organisation }) => {
        const key = await makeApiKey(organisation)
        await revokeApiKey(organisation.ctx, key.id)
        return key.secret
      },
    },
    'a key on the free plan': {
      status: 403,
      code: 'feature_not_allowed',
      challenge: null,
      secret: async ({ sleeping }) => sleeping,
    },
  }

  for (const [what, refusal] of Object.entries(refusals)) {
    test(what, async () => {
      const setting = await makeSetting()
      const secret = await refusal.secret(setting)
      for (const operation of operations) {
        const answer = await call(operation, secret, setting.waitlist)
        expect([operation.operationId, answer.status, answer.json.code]).toEqual([
          operation.operationId,
          refusal.status,
          refusal.code,
        ])
        const challenge = answer.headers.get('www-authenticate')
        if (refusal.challenge) expect(challenge).toMatch(refusal.challenge)
        else expect(challenge).toBeNull()
        expectProblem(answer)
      }
    })
  }

  test('a key that lacks its scope, naming it', async () => {
    const { organisation, waitlist } = await makeSetting()
    const keys: Record<Scope, string> = {
      'subscribers:read': (await makeApiKey(organisation, ['subscribers:write'])).secret,
      'subscribers:write': (await makeApiKey(organisation, ['subscribers:read'])).secret,
    }
    for (const operation of operations.filter((candidate) => candidate.scope)) {
      const scope = operation.scope as Scope
      const answer = await call(operation, keys[scope], waitlist)
      expect([operation.operationId, answer.status, answer.json.code]).toEqual([
        operation.operationId,
        403,
        'insufficient_scope',
      ])
      expect(answer.headers.get('www-authenticate')).toBe(
        `Bearer realm="queueup", error="insufficient_scope", scope="${scope}"`,
      )
    }
  })

  test("another organisation's waitlist, exactly as one that does not exist", async () => {
    const { both } = await makeSetting()
    const other = await makeSetting()
    for (const operation of operations.filter((candidate) => candidate.path.includes('{waitlist_id}'))) {
      const foreign = await call(operation, both, other.waitlist)
      const unknown = await call(operation, both, 'wl_doesnotexist')
      expect([operation.operationId, foreign.status, foreign.json.code]).toEqual([
        operation.operationId,
        404,
        'not_found',
      ])
      expect({ ...foreign.json, request_id: '' }).toEqual({ ...unknown.json, request_id: '' })
    }
  })
})

test('unknown and revoked keys get the same answer, byte for byte but for the request id', async () => {
  const { organisation } = await makeSetting()
  const key = await makeApiKey(organisation)
  await revokeApiKey(organisation.ctx, key.id)
  const headers = { 'Request-Id': 'same' }
  const revoked = await asApiKey(product, key.secret).get('/key', headers)
  const unknown = await asApiKey(product, mintApiKeySecret()).get('/key', headers)
  expect(revoked.text).toBe(unknown.text)
  const names = (answer: typeof revoked) => [...answer.headers].filter(([name]) => name !== 'date')
  expect(names(revoked)).toEqual(names(unknown))
})

test('nothing of a refused create is kept', async () => {
  const { waitlist, both } = await makeSetting()
  await asApiKey(product, mistype(both)).post(`/waitlists/${waitlist}/subscribers`, { email: 'x@example.com' })
  expect((await asApiKey(product, both).get(`/waitlists/${waitlist}/subscribers`)).json.total).toBe(0)
})

type Setting = Awaited<ReturnType<typeof makeSetting>>

async function makeSetting() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const { secret: both } = await makeApiKey(organisation)
  const asleep = await makeOrganisation(product)
  const { secret: sleeping } = await makeApiKey(asleep)
  await product.database.owner.kysely
    .updateTable('organisations')
    .set({ plan: 'free' })
    .where('id', '=', asleep.id)
    .execute()
  return { organisation, waitlist, both, sleeping }
}

function call(operation: Operation, secret: string | undefined, waitlist: string) {
  const path = operation.path.replace('{waitlist_id}', waitlist)
  return asApiKey(product, secret).call(operation.method, path, { body: bodies[operation.operationId] })
}

function mistype(secret: string): string {
  return secret.slice(0, -1) + (secret.endsWith('0') ? '1' : '0')
}

function expectProblem(answer: Awaited<ReturnType<typeof call>>) {
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
  expect(answer.json.request_id).toBe(answer.headers.get('request-id'))
  expect(answer.json.type).toBe(`${product.url}/docs/errors/${answer.json.code}`)
  expect(answer.json.status).toBe(answer.status)
}
