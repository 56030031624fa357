import fc from 'fast-check'
import type { DeclaredOperation } from './declared-api.ts'
import type { Part, Refusal } from './request-part.ts'

type Body = Record<string, unknown>
export interface SentBody {
  headers: [string, string][]
  bytes: Buffer | undefined
}

/** What each operation takes, where its schema alone does not say. One with a body that is not here fails the build. */
const goodBodies: Record<string, fc.Arbitrary<Body>> = {
  createSubscriber: fc.record(
    {
      email: fc.oneof(
        fc.nat({ max: 40 }).map((n) => `person${n}@example.com`),
        fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,30}@[a-z0-9]{1,20}\.[a-z]{2,6}$/),
        fc.constantFrom(' Person1@EXAMPLE.com ', 'ünï@bücher.example', '用户@例子.广告', '😀@example.com'),
      ),
      referral_code: fc.string({ unit: 'binary', maxLength: 50 }),
      joined_at: fc.oneof(
        fc
          .date({ min: new Date('1000-01-01'), max: new Date('2026-01-01'), noInvalidDate: true })
          .map((at) => at.toISOString()),
        fc.constantFrom('2026-05-01T09:00:00+14:00', '2016-12-31T23:59:60Z', '0001-01-01T00:00:00Z'),
      ),
    },
    { requiredKeys: ['email'] },
  ),
}

const badValues: Record<string, Record<string, unknown[]>> = {
  createSubscriber: {
    email: [
      '',
      ' ',
      'a',
      'a@b',
      '@',
      'a@b.co\0',
      '\ud800@b.co',
      `${'x'.repeat(65)}@b.co`,
      'a@[1.2.3.4]',
      'a@b.co\r\nBcc: c@d.ee',
    ],
    referral_code: ['x'.repeat(101)],
    joined_at: ['', 'now', '2026-02-30T00:00:00Z', '9999-01-01T00:00:00Z', '2026-05-01', '2026-05-01T09:00:00'],
  },
}

const json: [string, string][] = [['Content-Type', 'application/json']]
const maxBytes = 16 * 1024

/** Good bodies and such as the schema refuses; broken, oversized and wrongly announced ones. */
export function fuzzedBody(operation: DeclaredOperation): fc.Arbitrary<Part<SentBody>> {
  const good = goodBodies[operation.operationId]
  const { properties = {}, required = [] } = operation.body ?? {}
  if (!good) throw new Error(`nothing is known of a good body for ${operation.operationId}`)
  const names = Object.keys(properties)
  const without = fc.tuple(good, fc.constantFrom(...required)).map(([body, name]) => omit(body, name))
  const mistyped = fc
    .tuple(good, fc.constantFrom(...names), fc.constantFrom<unknown>(null, 1, true, [], {}, ['a@b.co'], -0.5))
    .map(([body, name, value]) => ({ ...body, [name]: value }))
  const misspelt = fc
    .tuple(
      good,
      fc
        .constantFrom(...names)
        .chain((name) =>
          fc.constantFrom(...(badValues[operation.operationId]?.[name] ?? [])).map((value) => ({ [name]: value })),
        ),
    )
    .map(([body, wrong]) => ({ ...body, ...wrong }))
  const stranger = fc
    .string({ unit: 'binary' })
    .filter((name) => !names.includes(name))
    .chain((name) => fc.tuple(good, fc.jsonValue()).map(([body, value]) => withMember(body, name, value)))
  const invalid = fc.oneof(
    ...[without, mistyped, misspelt].map((bodies) => bodies.map((body) => JSON.stringify(body))),
    stranger,
    fc
      .jsonValue()
      .filter((value) => !isObjectWith(value, required))
      .map((value) => JSON.stringify(value)),
  )
  const goodText = good.map((body) => JSON.stringify(body))
  const broken = fc.oneof(
    goodText.map((text) => text.slice(0, -1)),
    fc.uint8Array({ maxLength: 60 }).filter((bytes) => !isJson(bytes)),
    fc.constantFrom('', '{"email":"a@b.co"}}', "{'email':1}", '[NaN]', '{"email":"\xff"'),
  )
  const types = [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
    '',
    'application/json, text/html',
  ]
  const wrongly: fc.Arbitrary<[string, string][]> = fc.oneof(
    fc.constantFrom(...types).map((type): [string, string][] => [['Content-Type', type]]),
    fc
      .constantFrom('gzip', 'br', 'identity, gzip')
      .map((coding): [string, string][] => [...json, ['Content-Encoding', coding]]),
    fc.constant<[string, string][]>([]),
  )
  const fine = fc.constantFrom<[string, string][]>(
    json,
    [['Content-Type', 'Application/JSON; charset=UTF-8']],
    [...json, ['Content-Encoding', 'identity']],
  )
  const sent = (
    headers: fc.Arbitrary<[string, string][]>,
    bytes: fc.Arbitrary<string | Uint8Array>,
    refusal?: Refusal,
  ) =>
    fc.tuple(headers, bytes).map(([pairs, body]) => ({
      value: { headers: pairs, bytes: typeof body === 'string' ? Buffer.from(body) : Buffer.from(body) },
      ...(refusal ? { refusal } : {}),
    }))
  return fc.oneof(
    { weight: 12, arbitrary: sent(fine, goodText) },
    { weight: 4, arbitrary: sent(fine, invalid, [422, 'validation_failed']) },
    { weight: 1, arbitrary: sent(fine, broken, [400, 'invalid_request']) },
    {
      weight: 1,
      arbitrary: sent(
        fine,
        goodText.map((text) => text.padEnd(maxBytes + 1)),
        [413, 'payload_too_large'],
      ),
    },
    { weight: 1, arbitrary: sent(wrongly, fc.oneof(goodText, broken), [415, 'unsupported_media_type']) },
  )
}

function omit(body: Body, name: string): Body {
  const { [name]: _, ...rest } = body
  return rest
}

/** As text, so that `__proto__` is a member like any other. */
function withMember(body: Body, name: string, value: unknown): string {
  return `${JSON.stringify(body).slice(0, -1)},${JSON.stringify(name)}:${JSON.stringify(value)}}`
}

function isObjectWith(value: unknown, names: string[]): boolean {
  return value !== null && typeof value === 'object' && names.every((name) => name in value)
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    return true
  } catch {
    return false
  }
}
