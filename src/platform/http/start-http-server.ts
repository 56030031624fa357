import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Logger } from 'pino'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'
import { ClientShares } from './client-shares.ts'
import { ConnectionIntake } from './connection-intake.ts'
import { inTurns } from './in-turns.ts'
import { problemResponse } from './problem.ts'
import { requestIdFrom } from './request-id.ts'

const drainMs = 10_000

const patience = {
  headersMs: 20_000,
  // As long as a large file takes over a slow line; other bodies have a limit of their own, see readBody.
  requestMs: 900_000,
  checkEveryMs: 5_000,
  /** Each takes some ten kilobytes while it idles. */
  maxConnections: 10_000,
}

export interface HttpServer {
  port: number
  /** Which connections it takes, and which it parts with. */
  intake: ConnectionIntake
  /** Takes no new connections, lets requests in flight finish for ten seconds, and closes. */
  drain(): Promise<void>
}

interface ServeAt {
  host: string
  port: number
  publicUrl: string
  patience?: Partial<typeof patience>
  /** CIDRs whose connections are of many clients. */
  trustedProxies?: readonly string[]
  log?: Logger
  /** Sees every request first. */
  onRequest?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
}

const oneYearSeconds = 31_536_000

/** Serves an app. Limits on slow and idle connections keep half-open ones from piling up. */
export async function startHttpServer(app: Hono<AppEnv>, at: ServeAt): Promise<HttpServer> {
  // What has no meaningful address, such as a Host that is none, never becomes a request either.
  const errorHandler = () => malformedAnswer(malformed('This request has no well-formed address.'), at.publicUrl)
  const { headersMs, requestMs, checkEveryMs, maxConnections } = { ...patience, ...at.patience }
  const options = {
    requireHostHeader: false,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: checkEveryMs,
  }
  const server = createServer(options)
  const intake = new ConnectionIntake(server, at)
  const shares = new ClientShares(at.trustedProxies ?? [], at.log)
  server.on('connection', (socket) => shares.takeConnection(socket))
  const listener = intake.listener(getRequestListener(app.fetch, { errorHandler }))
  server.on('request', inTurns(listener, shares))
  server.maxConnections = maxConnections
  server.keepAliveTimeout = 65_000
  server.maxRequestsPerSocket = 0
  if (at.onRequest) server.prependListener('request', at.onRequest)
  if (at.publicUrl.startsWith('https:')) {
    server.prependListener(
      'request',
      (_, response) => void response.setHeader('Strict-Transport-Security', `max-age=${oneYearSeconds}`),
    )
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket, at.publicUrl))
  await intake.take(true)
  return {
    port: intake.port,
    intake,
    async drain() {
      await intake.end()
      const closed = new Promise((resolve) => server.close(resolve))
      // A connection that turns idle is closed, lest a client keep it for another request.
      const idle = setInterval(() => server.closeIdleConnections(), 50)
      const late = setTimeout(() => server.closeAllConnections(), drainMs)
      await closed
      clearInterval(idle)
      clearTimeout(late)
    },
  }
}

/** What Node's parser refuses never becomes a request; the answer is ours all the same. */
async function refuse(error: NodeJS.ErrnoException, socket: Duplex, publicUrl: string): Promise<void> {
  // In the middle of another answer it would be taken for a part of that.
  const { _httpMessage: answering } = socket as Duplex & { _httpMessage?: ServerResponse | null }
  if (error.code === 'ECONNRESET' || !socket.writable || answering?.headersSent) {
    socket.destroy()
    return
  }
  const refusal = refusalOf(error)
  const answer = malformedAnswer(refusal, publicUrl)
  const body = await answer.text()
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`,
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  answer.headers.forEach((value, name) => void head.push(`${name}: ${value}`))
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function refusalOf({ code }: NodeJS.ErrnoException): AppError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new AppError('request_timeout', 'The request did not arrive in time.')
  if (code !== 'HPE_HEADER_OVERFLOW') return malformed('This is not a well-formed HTTP request.')
  return new AppError('headers_too_large', 'The address and the headers together are too large: 16 KiB at most.')
}

function malformed(detail: string): AppError {
  return new AppError('invalid_request', detail)
}

function malformedAnswer(refusal: AppError, publicUrl: string): Response {
  const requestId = requestIdFrom(undefined)
  const headers = { 'Request-Id': requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }
  return problemResponse(refusal, requestId, publicUrl, headers)
}
