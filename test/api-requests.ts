import fc from 'fast-check'
import type { Scope } from '../src/features/api-keys/scopes.ts'
import type { DeclaredOperation } from './declared-api.ts'
import { fuzzedBody, type SentBody } from './fuzzed-body.ts'
import { extraParameter, fuzzedParameter } from './fuzzed-parameters.ts'
import type { RawRequest } from './raw-call.ts'
import { type Part, part, type Refusal } from './request-part.ts'

export interface FuzzedRequest {
  operationId: string
  request: RawRequest
  /** What it must be refused for: the first in the order of checks. Undefined: it must be done. */
  refusal: Refusal | undefined
  /** The methods of the address, where this is none of them. */
  allow: string | undefined
  idempotencyKey: string | undefined
}

/** What the requests are made of. */
export interface Setting {
  operations: DeclaredOperation[]
  credentials: { headers: [string, string][]; refusal?: Refusal; scopes?: Scope[] }[]
  waitlist: string
  /** That exist, but not for the keys. */
  otherWaitlists: string[]
}

const mostly = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>, weight = 9) =>
  fc.oneof({ weight, arbitrary: good }, { weight: 1, arbitrary: bad })
const notFound: Refusal = [404, 'not_found']
const wrongMethods = ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'POST', 'PROPFIND', 'LOCK', 'PURGE', 'QUERY']

/** Requests for every operation, good and bad, each with the answer that it must get. */
export function fuzzedRequests(setting: Setting): fc.Arbitrary<FuzzedRequest> {
  return fc.oneof(...setting.operations.map((operation) => fuzzedRequest(setting, operation)))
}

function fuzzedRequest(setting: Setting, operation: DeclaredOperation): fc.Arbitrary<FuzzedRequest> {
  const here = setting.operations.filter(({ path }) => path === operation.path).map(({ method }) => method)
  const methods = here.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const own = operation.method === 'GET' ? fc.constantFrom('GET', 'GET', 'GET', 'HEAD') : fc.constant(operation.method)
  const [[good, ...rest]] = [setting.credentials]
  const declared = (where: string) => operation.parameters.filter((parameter) => parameter.in === where)
  const hasIdempotency = declared('header').some(({ name }) => name === 'Idempotency-Key')
  return fc
    .record({
      method: mostly(own, fc.constantFrom(...wrongMethods.filter((method) => !methods.includes(method)))),
      credential: mostly(fc.constant(good), fc.constantFrom(...rest), 4),
      waitlist: mostly(fc.constant({ value: setting.waitlist } as Part<string>), otherIds(setting), 6),
      query: fc.tuple(...declared('query').map(fuzzedParameter), extraParameter),
      body: operation.body
        ? fuzzedBody(operation)
        : fc.constant<Part<SentBody>>({ value: { headers: [], bytes: undefined } }),
      idempotency: hasIdempotency ? idempotencyKeys : fc.constant<Part<string | undefined>>({ value: undefined }),
      noise,
    })
    .map(({ method, credential, waitlist, query, body, idempotency, noise }) => {
      const known = { ...credential, headers: credential?.headers ?? [] }
      const hasId = operation.path.includes('{waitlist_id}')
      const id = hasId ? waitlist : { value: '' }
      const isMethod = method === 'HEAD' ? operation.method === 'GET' : method === operation.method
      // A slash within an id makes it another path, which takes no method at all, and so do dots alone.
      const isPath = !/\/|^(?:\.|%2e){1,2}$/.test(id.value)
      const lacksScope = operation.scope && known.scopes && !known.scopes.includes(operation.scope)
      const [parameters, extra] = [query.slice(0, -1), query.at(-1)]
      const keyInAddress = extra?.refusal
      const inOrder: (Refusal | undefined)[] = [
        keyInAddress,
        known.refusal,
        isPath ? undefined : notFound,
        isMethod ? undefined : [405, 'method_not_allowed'],
        lacksScope ? [403, 'insufficient_scope'] : undefined,
        body.refusal?.[0] !== 422 ? body.refusal : undefined,
        parameters.find(({ refusal }) => refusal)?.refusal ?? body.refusal,
        idempotency.refusal,
        id.refusal,
      ]
      const text = query
        .map(({ value }) => value)
        .filter(Boolean)
        .join('&')
      const headers = [...known.headers, ...noise, ...body.value.headers]
      if (idempotency.value !== undefined) headers.push(['Idempotency-Key', idempotency.value])
      return {
        operationId: operation.operationId,
        request: {
          method,
          path: operation.path.replace('{waitlist_id}', id.value) + (text ? `?${text}` : ''),
          headers,
          body: body.value.bytes,
        },
        refusal: inOrder.find((refusal) => refusal),
        allow: isMethod || !isPath ? undefined : methods.join(', '),
        idempotencyKey: idempotency.value,
      }
    })
}

/** Ids of others, ids with something behind them, and what is no id. */
function otherIds({ waitlist, otherWaitlists }: Setting): fc.Arbitrary<Part<string>> {
  const suffixes = [
    '%00',
    '%20',
    '%2F',
    '%2e%2e',
    '/',
    '//',
    '.json',
    ';a=b',
    '%0a',
    '%C3%28',
    '%F0%9F%98%80',
    "'--",
    '%3F',
    '%',
  ]
  return fc.oneof(
    part(fc.constantFrom(...otherWaitlists), notFound),
    part(
      fc.constantFrom(...suffixes).map((suffix) => waitlist + suffix),
      notFound,
    ),
    part(
      fc.constantFrom(
        '',
        '.',
        '%2e',
        '..%2f..',
        '{}',
        'null',
        waitlist.toUpperCase(),
        waitlist.slice(0, -1),
        `%20${waitlist}`,
      ),
      notFound,
    ),
    part(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }).map(encodeURIComponent), notFound),
    // The same id, written otherwise.
    part(fc.constant(`%${waitlist.charCodeAt(0).toString(16)}${waitlist.slice(1)}`)),
  )
}

const idempotencyKeys: fc.Arbitrary<Part<string | undefined>> = fc.oneof(
  { weight: 10, arbitrary: part(fc.constant(undefined)) },
  { weight: 3, arbitrary: part(fc.stringMatching(/^[a-z0-9]{12,30}$/)) },
  // Few, so that they come again.
  { weight: 2, arbitrary: part(fc.constantFrom('one', '"two"', 'a b')) },
  { weight: 1, arbitrary: part(fc.constantFrom('', '""', 'x'.repeat(256), 'ü', 'a\tb'), [400, 'invalid_request']) },
)

/** Headers that change nothing; each request comes from an address of its own, so that failures are not limited. */
const noise = fc
  .record({
    address: fc.ipV4(),
    accept: fc.option(fc.constantFrom('text/html', 'application/xml;q=1', '*/*', ';;')),
    agent: fc.option(
      fc.string({
        unit: fc
          .integer({ min: 0x20, max: 0xff })
          .filter((n) => n !== 0x7f)
          .map((n) => String.fromCharCode(n)),
        maxLength: 400,
      }),
    ),
    requestId: fc.option(fc.constantFrom('mine', 'not mine', '<script>', 'x'.repeat(65), '')),
  })
  .map(({ address, accept, agent, requestId }) => {
    const headers: [string, string][] = [['X-Forwarded-For', address]]
    if (accept !== null) headers.push(['Accept', accept])
    if (agent !== null) headers.push(['User-Agent', agent])
    if (requestId !== null) headers.push(['Request-Id', requestId])
    return headers
  })
