import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { asApiKey } from './as.ts'
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

const total = async () => (await api.get(path)).json.total

describe('a query parameter', () => {
  const cases: [string, string, string][] = [
    ['page=0', 'page', 'too_small'],
    ['page=-1', 'page', 'type'],
    ['page=1.0', 'page', 'type'],
    ['page=', 'page', 'type'],
    ['page=%20 1', 'page', 'type'],
    ['page=1e3', 'page', 'type'],
    ['page=0x10', 'page', 'type'],
    ['page=1234567890123456', 'page', 'type'],
    ['limit=201', 'limit', 'too_big'],
    ['limit=0', 'limit', 'too_small'],
    ['limit=1e9', 'limit', 'type'],
    ['limit=999999999999999', 'limit', 'too_big'],
    ['limit=10&limit=20', 'limit', 'repeated'],
    ['q=a&q=b', 'q', 'repeated'],
    [`q=${'x'.repeat(255)}`, 'q', 'too_long'],
    ['q=%00', 'q', 'format'],
  ]
  for (const [query, parameter, code] of cases) {
    test(`${query.slice(0, 40)} is ${code}`, async () => {
      const answer = await api.get(`${path}?${query}`)
      expect([answer.status, answer.json.code]).toEqual([422, 'validation_failed'])
      expect(answer.json.errors).toEqual([{ parameter, code, detail: expect.stringMatching(/\w/) }])
    })
  }

  test('that is unknown is ignored, and a huge page is past the end', async () => {
    expect((await api.get(`${path}?page=999999999999999&limit=200&page[]=1&__proto__=1`)).json).toMatchObject({
      items: [],
      page: 999_999_999_999_999,
    })
  })

  test('every problem is told, not only the first', async () => {
    const answer = await api.get(`${path}?page=0&limit=0&q=%00`)
    expect(answer.json.errors.map((problem: { parameter: string }) => problem.parameter)).toEqual([
      'page',
      'limit',
      'q',
    ])
  })
})

describe('a body', () => {
  const cases: [string, unknown, [string, string][]][] = [
    ['without an address', {}, [['#/email', 'required']]],
    ['with null for an address', { email: null }, [['#/email', 'type']]],
    ['with an array for an address', { email: ['a@example.com'] }, [['#/email', 'type']]],
    ['with an empty address', { email: ' ' }, [['#/email', 'too_short']]],
    [
      'with unknown members',
      { email: 'a@example.com', position: 1, 'a/b~c': 1 },
      [
        ['#/position', 'unknown'],
        ['#/a~1b~0c', 'unknown'],
      ],
    ],
    ['that is an array', [], [['#', 'type']]],
    ['that is text', '"a@example.com"', [['#', 'type']]],
    ['with __proto__', '{"email":"a@example.com","__proto__":{"admin":true}}', [['#/__proto__', 'unknown']]],
    ['with a lone surrogate as a name', '{"email":"a@example.com","\\ud800":1}', [['#/%EF%BF%BD', 'unknown']]],
    ['with a number for a code', { email: 'a@example.com', referral_code: 5 }, [['#/referral_code', 'type']]],
    [
      'with a date that is none',
      { email: 'a@example.com', joined_at: '2026-02-30T00:00:00Z' },
      [['#/joined_at', 'format']],
    ],
    [
      'with several problems',
      { email: 5, joined_at: 'yesterday', x: 1 },
      [
        ['#/email', 'type'],
        ['#/joined_at', 'format'],
        ['#/x', 'unknown'],
      ],
    ],
  ]
  for (const [what, body, problems] of cases) {
    test(`${what} is 422`, async () => {
      const before = await total()
      const answer = await api.post(path, body)
      expect([answer.status, answer.json.code]).toEqual([422, 'validation_failed'])
      expect(
        answer.json.errors.map((problem: { pointer: string; code: string }) => [problem.pointer, problem.code]),
      ).toEqual(problems)
      expect(await total()).toBe(before)
    })
  }

  test('that is broken, not UTF-8 or empty is 400', async () => {
    for (const body of ['{"email":', '', '\u0000'])
      expect((await api.post(path, body)).json.code).toBe('invalid_request')
    const answer = await fetch(`${product.url}/v1/api${path}`, {
      method: 'POST',
      body: Buffer.from('{"email":"\xff@example.com"}', 'latin1'),
      headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
    })
    expect(answer.status).toBe(400)
  })

  test('of 10 MB is 413, announced or not', async () => {
    const body = JSON.stringify({ email: 'x'.repeat(10_000_000) })
    const announced = await api.post(path, body).catch(() => undefined)
    if (announced) expect(announced.status).toBe(413)
    const small = await api.post(path, JSON.stringify({ email: 'x'.repeat(17_000) }))
    expect([small.status, small.json.code]).toEqual([413, 'payload_too_large'])
    const streamed = await fetch(`${product.url}/v1/api${path}`, {
      method: 'POST',
      body: new Blob(['{"email":"', 'x'.repeat(20_000), '"}']).stream(),
      duplex: 'half',
      headers: { Authorization: `Bearer ${secret}`, 'Content-Type': 'application/json' },
    } as RequestInit)
    expect(streamed.status).toBe(413)
  })

  test('of another type, charset or encoding is 415, and that comes before its size', async () => {
    const big = 'x'.repeat(20_000)
    for (const headers of [
      { 'Content-Type': 'text/plain' },
      { 'Content-Type': 'application/json; charset=latin1' },
      { 'Content-Encoding': 'gzip' },
    ]) {
      expect((await api.post(path, big, headers as Record<string, string>)).json.code).toBe('unsupported_media_type')
    }
    for (const [i, charset] of ['UTF-8', 'utf8', '"utf-8"'].entries()) {
      const headers = { 'Content-Type': `Application/JSON; charset=${charset}` }
      expect((await api.post(path, { email: `charset${i}@example.com` }, headers)).status).toBe(201)
    }
  })
})

describe('an e-mail address', () => {
  const good = [
    'a@example.com',
    "o'brien+tag@example.co.uk",
    'ünï.cödé@bücher.example',
    '用户@例子.广告',
    `${'a'.repeat(64)}@example.com`,
    'a@xn--bcher-kva.example',
    '😀@example.com',
    `a@${'b'.repeat(63)}.com`,
  ]
  const bad = [
    'a',
    'a@',
    '@b.co',
    'a@b',
    'a@@b.co',
    'a b@c.de',
    'a..b@c.de',
    '.a@c.de',
    'a.@c.de',
    'a@-b.co',
    'a@b-.co',
    'a@b..co',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    '"a b"@c.de',
    'a@b.co\u0000',
    'a\u0007@b.co',
    'a@b.co\nBcc: x@y.z',
    '\ud800@b.co',
    `${'a'.repeat(65)}@b.co`,
    `a@${'b'.repeat(64)}.co`,
    `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(30)}`,
    'a\u202e@b.co',
    'a@b.co, c@d.ee',
    '<a@b.co>',
    'x'.repeat(100_000).slice(0, 15_000),
  ]
  test.for(good)('%s is taken', async (email) => {
    expect((await api.post(path, { email })).status).toBe(201)
  })
  test.for(bad.map((email) => [email] as const))('%j is refused', async ([email]) => {
    const answer = await api.post(path, { email })
    expect([answer.status, answer.json.errors[0].pointer]).toEqual([422, '#/email'])
  })
})

test('nothing here was logged as unexpected', () => {
  expect(product.logged()).not.toMatch(/"level":50/)
})
