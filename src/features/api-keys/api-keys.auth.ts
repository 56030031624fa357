import type { IncomingMessage } from 'node:http'
import type { Context as HonoContext } from 'hono'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { makeClientAddress } from '../../platform/http/client-address.ts'
import { problemResponse } from '../../platform/http/problem.ts'
import { readBody } from '../../platform/http/read-body.ts'
import { makeRefuseProxied } from '../../platform/http/refuse-proxied.ts'
import { requestIdFrom } from '../../platform/http/request-id.ts'
import { LeasedPrefixLimit } from '../../platform/rate-limit/leased-prefix-limit.ts'
import type { PrefixRules } from '../../platform/rate-limit/network-prefixes.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { ApiCall, ApiOperation } from './api-operation.ts'
import type { KeyGate, KeyNote } from './key-gate.ts'
import { makeMatchOperation } from './match-operation.ts'
import { parseJson, readBodyValue, readQuery, requireJson } from './read-api-input.ts'
import { readCredential } from './read-credential.ts'

const maxBodyBytes = 16 * 1024

/** Requests without a valid key. */
export const failedKeyRules: PrefixRules = {
  host: { perSecond: 10, burst: 600 },
  network: { perSecond: 20, burst: 1_200 },
  provider: { perSecond: 80, burst: 4_800 },
}

/**
 * The customer API, whole: every request below `/v1/api` goes through this one function, which keeps the order of checks
 * (credentials, key, plan, scope, rate, method, body, values, waitlist) and the headers of every answer.
 */
export function makeCustomerApi(services: Services, gate: KeyGate, operations: readonly ApiOperation[]) {
  const clientAddress = makeClientAddress(services.config.trustedProxies)
  const refuseProxied = makeRefuseProxied(services)
  const matchOperation = makeMatchOperation(operations)
  const failures = new LeasedPrefixLimit(services.db, 'ip', failedKeyRules)
  const { perSecond, burst } = gate.rule
  const policy = `"default";q=${burst};w=${Math.ceil(burst / perSecond)}`

  return async (c: HonoContext<AppEnv>): Promise<Response> => {
    const request = c.env.incoming
    const meta: RequestMeta = {
      requestId: requestIdFrom(readHeader(request, 'request-id')),
      ip: clientAddress(request),
      userAgent: readHeader(request, 'user-agent')?.slice(0, 300) ?? null,
    }
    const headers: Record<string, string> = {
      'Request-Id': meta.requestId,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    }
    const note: KeyNote = {}
    try {
      refuseProxied(request, 'machine')
      const answer = await serve(c, request, meta, note)
      return new Response(answer.body, {
        status: answer.status,
        headers: { ...headers, ...rateHeaders(note), ...answer.headers, 'Content-Type': 'application/json' },
      })
    } catch (error) {
      const refusal = toAppError(error, meta)
      const counted = await countFailure(refusal, meta)
      // A revoked key is counted, so that it takes as long as one that never was, and always told.
      return problemResponse(note.revoked ? refusal : counted, meta.requestId, services.config.publicUrl, {
        ...headers,
        ...rateHeaders(note),
      })
    }
  }

  function rateHeaders({ rate }: KeyNote): Record<string, string> {
    if (!rate) return {}
    const next = rate.nextTokenSeconds === undefined ? '' : `;t=${rate.nextTokenSeconds}`
    return { 'RateLimit-Policy': policy, RateLimit: `"default";r=${rate.remaining}${next}` }
  }

  async function serve(c: HonoContext<AppEnv>, request: IncomingMessage, meta: RequestMeta, note: KeyNote) {
    const query = new URLSearchParams(/\?([^#]*)/.exec(request.url ?? '')?.[1])
    const { operation, allowed, path } = matchOperation(request.method ?? 'GET', c.req.path.slice('/v1/api'.length))
    // Begun before the key is known, since a body can be read only as it arrives; what it holds matters later.
    const arriving = operation?.body ? settled(readBody(request, maxBodyBytes)) : undefined
    const key = gate.present(readCredential(request.rawHeaders, query))
    const scope = operation?.scope ?? null
    const check = async () => {
      gate.settle(key, await gate.authorize(key, scope), scope, meta, note)
    }
    if (key.ceilingSeconds !== undefined) {
      await check()
      gate.requireBelowCeiling(key, note)
    }
    if (!operation) {
      await check()
      if (allowed.length === 0) throw new AppError('not_found', 'There is nothing at this address.')
      throw new AppError('method_not_allowed', `This address takes ${allowed.join(', ')}.`, {
        headers: { Allow: allowed.join(', ') },
      })
    }
    let input: Pick<ApiCall, 'query' | 'body' | 'rawBody'>
    try {
      input = await readInput(operation, query, request, arriving)
    } catch (error) {
      // Whoever may not ask at all learns that first.
      await check()
      throw error
    }
    const call: ApiCall = {
      services,
      gate,
      key,
      meta,
      path,
      ...input,
      header: (name) => readHeader(request, name),
      signal: () => c.req.raw.signal,
      settle: (attempt) => gate.settle(key, attempt, scope, meta, note),
      charge: (attempt, tokens) => gate.charge(key, attempt, tokens, note),
    }
    return operation.handle(call)
  }

  async function readInput(
    operation: ApiOperation,
    query: URLSearchParams,
    request: IncomingMessage,
    arriving: Promise<Settled> | undefined,
  ) {
    const { values, problems } = readQuery(operation, query)
    if (!arriving)
      return { query: values, body: readBodyValue(operation, undefined, problems), rawBody: Buffer.alloc(0) }
    requireJson(readHeader(request, 'content-type'), readHeader(request, 'content-encoding'))
    const arrived = await arriving
    if ('error' in arrived) throw arrived.error
    return { query: values, body: readBodyValue(operation, parseJson(arrived.body), problems), rawBody: arrived.body }
  }

  /** Failed authentication is counted by network prefix; past the limit it is answered 429. */
  async function countFailure(error: AppError, meta: RequestMeta): Promise<AppError> {
    if ((error.code !== 'unauthenticated' && error.code !== 'invalid_api_key') || !meta.ip) return error
    const seconds = await failures.findWait(meta.ip)
    if (seconds === undefined) return error
    return new AppError(
      'rate_limited',
      `Too many requests without a valid key came from this address. Try again in ${seconds} s.`,
      {
        headers: { 'Retry-After': String(seconds) },
      },
    )
  }

  function toAppError(error: unknown, meta: RequestMeta): AppError {
    if (error instanceof AppError && error.status < 500) return error
    services.log.error({ err: error, request_id: meta.requestId }, 'a customer API request failed')
    if (error instanceof AppError) return error
    return new AppError('internal', 'An unexpected error happened. It has been logged under the request id.')
  }
}

/** As Node has parsed it already: what Hono would make of a request's headers is made anew for each, and takes long. */
function readHeader(request: IncomingMessage, name: string): string | undefined {
  return request.headersDistinct[name]?.join(', ')
}

type Settled = { body: Buffer } | { error: unknown }

/** Keeps a rejection for whoever asks, so that it never counts as unhandled. */
function settled(promise: Promise<Buffer>): Promise<Settled> {
  return promise.then(
    (body) => ({ body }),
    (error: unknown) => ({ error }),
  )
}
