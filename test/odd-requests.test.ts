import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asApiKey } from './as.ts'
import { makeApiCaller, makeProduct, type TestProduct } from './make.ts'

let product: TestProduct
let api: ReturnType<typeof asApiKey>
let secret: string
let path: string
beforeAll(async () => {
  product = await makeProduct()
  ;({ secret, path, api } = await makeApiCaller(product))
})
afterAll(() => product.close())

describe('a credential', () => {
  const raw = (lines: string[]) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(product.url).port), '127.0.0.1', () =>
        socket.end(`${lines.join('\r\n')}\r\n\r\n`),
      )
      let text = ''
      socket.on('data', (chunk) => (text += chunk))
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })

  test('given twice, malformed or in the address is 400, before anything else', async () => {
    const twice = await raw([
      'GET /v1/api/key HTTP/1.1',
      'Host: x',
      'Connection: close',
      `Authorization: Bearer ${secret}`,
      `Authorization: Bearer ${secret}`,
    ])
    expect(twice).toMatch(/^HTTP\/1\.1 400/)
    expect(twice).toMatch(/www-authenticate: Bearer realm="queueup", error="invalid_request"/i)
    for (const header of ['Bearer', 'Bearer ', `Bearer ${secret} ${secret}`]) {
      expect((await asApiKey(product, undefined).get('/key', { Authorization: header })).json.code).toBe(
        'invalid_request',
      )
    }
    for (const query of [`?api_key=x`, '?access_token=', `?anything=${secret}`]) {
      expect((await asApiKey(product, undefined).get(`/key${query}`)).json.code).toBe('invalid_request')
    }
  })

  test('of another scheme is 401, and the scheme is read in any case', async () => {
    expect((await asApiKey(product, undefined).get('/key', { Authorization: 'Basic YTpi' })).json.code).toBe(
      'unauthenticated',
    )
    expect((await asApiKey(product, undefined).get('/key', { Authorization: `bEARER ${secret}` })).status).toBe(200)
  })

  test('what the parser refuses is answered as a problem with a request id', async () => {
    const broken = await raw(['GET /v1/api/key HTTP/1.1', 'Host x'])
    expect(broken).toMatch(/^HTTP\/1\.1 400[\s\S]*request-id: req_[\s\S]*"code":"invalid_request"/i)
    for (const lines of [
      ['GET /v1/api/key HTTP/1.1', 'Host: a b'],
      ['GET /v1/api/key HTTP/1.1', 'X: no host'],
    ]) {
      expect(await raw(lines)).toMatch(/^HTTP\/1\.1 400[\s\S]*request-id: req_[\s\S]*"code":"invalid_request"/i)
    }
    const large = await raw(['GET /v1/api/key HTTP/1.1', 'Host: x', `X: ${'y'.repeat(20_000)}`])
    expect(large).toMatch(/^HTTP\/1\.1 431[\s\S]*"code":"headers_too_large"/i)
  })
})

describe('a path', () => {
  test('below /v1 that is nothing is a problem too, never a page', async () => {
    const answer = await fetch(`${product.url}/v1/other`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
  })

  test('that is unknown is 401 without a key, 404 with one, and a wrong method is 405 with Allow', async () => {
    expect((await asApiKey(product, undefined).get('/nothing')).status).toBe(401)
    expect((await api.get('/nothing')).json.code).toBe('not_found')
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await api.call(method, path)
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
    }
    expect((await api.call('PATCH', '/key')).headers.get('allow')).toBe('GET, HEAD')
  })

  test.for(['%00', '%E0%A4%A', '..%2f..', 'wl_x%2Fy', "wl_' or 1=1", 'x'.repeat(5_000), '{}', '%F0%9F%98%80'])(
    'with the id %s names nothing',
    async (id) => {
      expect((await api.get(`/waitlists/${id}/subscribers`)).status).toBe(404)
    },
  )
})

test("a client's request id is taken over only if it is plainly harmless", async () => {
  const idOf = async (sent: string) => (await api.get('/key', { 'Request-Id': sent })).headers.get('request-id')
  expect(await idOf('my-id_1')).toBe('my-id_1')
  for (const sent of ['a b', 'x'.repeat(65), '<script>', 'é']) expect(await idOf(sent)).toMatch(/^req_[0-9a-f]{32}$/)
})

test('nothing here was logged as unexpected', () => {
  expect(product.logged()).not.toMatch(/"level":50/)
})
