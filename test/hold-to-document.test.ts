import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from './as.ts'
import { makeApiCaller, makeProduct, type TestProduct } from './make.ts'

let product: TestProduct
/** Has the product's document, and answers as it is told. */
let other: Server
let said: { status: number; headers: Record<string, string>; body: Record<string, unknown> }

beforeAll(async () => {
  product = await makeProduct({ API_RATE_LIMIT_PER_MINUTE: '1', API_RATE_LIMIT_BURST: '2' })
  const document = await (await fetch(`${product.url}/openapi.json`)).text()
  other = createServer((request, answer) => {
    if (request.url === '/openapi.json') return void answer.end(document)
    answer.writeHead(said.status, said.headers).end(JSON.stringify(said.body))
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  other.close()
  await product.close()
})

interface Change {
  status?: number
  headers?: Record<string, string | undefined>
  body?: Record<string, unknown>
}

/** The product's own refusal, changed: what is undefined is left out. */
async function answered({ status, headers, body }: Change) {
  const { api } = await makeApiCaller(product)
  for (const wanted of [200, 200, 429]) expect((await api.get('/key')).status).toBe(wanted)
  const own = await api.get('/key')
  const connection = ['connection', 'content-length', 'keep-alive', 'transfer-encoding']
  const kept = Object.fromEntries([...own.headers].filter(([name]) => !connection.includes(name)))
  const changed = Object.entries({ ...kept, ...headers }).flatMap(([name, value]) => (value ? [[name, value]] : []))
  said = { status: status ?? own.status, headers: Object.fromEntries(changed), body: { ...own.json, ...body } }
  return asApiKey({ url: `http://127.0.0.1:${(other.address() as AddressInfo).port}` }, undefined).get('/key')
}

test('whatever test an answer of the API comes in, one that the document declares passes', async () => {
  expect((await answered({})).status).toBe(429)
})

test.each<[string, RegExp, Change]>([
  ['without Retry-After', /retry-after is missing/, { headers: { 'retry-after': undefined } }],
  ['with a member more', /the body is not as declared/, { body: { hint: 'wait' } }],
  ['without a member', /the body is not as declared/, { body: { request_id: undefined } }],
  ['that says another status', /does not agree/, { body: { status: 503 } }],
  ['of another type', /content-type is application\/json/, { headers: { 'content-type': 'application/json' } }],
  ['with a header of its own', /header x-limit is not declared/, { headers: { 'x-limit': '2' } }],
  ['with another status', /status 418 is not declared/, { status: 418 }],
  ['that may be kept', /cache-control is public/, { headers: { 'cache-control': 'public' } }],
])('and one %s fails it', async (_, what, change) => {
  await expect(answered(change)).rejects.toThrow(what)
})
