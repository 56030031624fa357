import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Logger } from 'pino'
import { AppError } from '../errors.ts'
import { hostPrefix } from '../rate-limit/network-prefixes.ts'
import { makeClientAddress, makeIsTrusted } from './client-address.ts'
import { ClientShare, type Refused } from './client-share.ts'

const megabyte = 1024 * 1024
const logEveryMs = 60_000

/** In each process. Of connections a process takes 10,000 in all. */
export const clientLimits = {
  connections: { each: 2_000, inAll: 10_000 },
  bodies: { each: 1_000, inAll: 8_000 },
  bodyBytes: { each: 16 * megabyte, inAll: 128 * megabyte },
  uploads: { each: 10, inAll: 100 },
  /** Pipelined requests of some five kilobytes each. The first that waits on a connection is not counted. */
  pipelined: { each: 1_250, inAll: 10_000 },
}

const told = {
  connections:
    'connections were closed: one address holds its share, 2,000 at most. A reverse proxy belongs in TRUSTED_PROXIES.',
  pipelined: 'connections were closed: too many requests on them waited for the answer to an earlier one',
  bodies: 'requests were refused: too many bodies, or too many bytes of them, had begun and not ended',
  uploads: 'uploads were refused: too many were on their way',
}

/** A body that has begun and not ended. */
export interface HeldBody {
  add(bytes: number): void
  end(): void
}

/** What clients hold of a server at their own pace. */
export class ClientShares {
  readonly #connections = new ClientShare(clientLimits.connections)
  readonly #bodies = new ClientShare(clientLimits.bodies)
  readonly #bodyBytes = new ClientShare(clientLimits.bodyBytes)
  readonly #uploads = new ClientShare(clientLimits.uploads)
  readonly #pipelined = new ClientShare(clientLimits.pipelined)
  readonly #clientAddress: (request: IncomingMessage) => string | null
  readonly #isTrusted: (address: string) => boolean
  readonly #log: Logger | undefined
  readonly #refusals = new Map<keyof typeof told, { count: number; loggedAtMs: number }>()

  constructor(trustedProxies: readonly string[], log: Logger | undefined) {
    this.#clientAddress = makeClientAddress(trustedProxies)
    this.#isTrusted = makeIsTrusted(trustedProxies)
    this.#log = log
  }

  /** Counts a new connection, or closes it. Those of a trusted proxy are of many clients, and not counted. */
  takeConnection(socket: Socket): void {
    sharesBySocket.set(socket, this)
    const { remoteAddress } = socket
    if (!remoteAddress || this.#isTrusted(remoteAddress)) return
    if (this.#connections.take(remoteAddress)) {
      socket.destroy()
      this.note('connections', remoteAddress)
    } else socket.once('close', () => this.#connections.giveBack(remoteAddress))
  }

  /**
   * A body that begins to come. `add` counts what has come; `end` gives all of it back.
   * @throws AppError `rate_limited` or `unavailable`, as `add` does.
   */
  takeBody(request: IncomingMessage): HeldBody {
    const ip = this.addressOf(request)
    const refuse = (refused: Refused | undefined) => {
      if (!refused) return
      this.note('bodies', ip)
      throw refusal(refused, 'Too many requests that have not arrived whole')
    }
    refuse(this.#bodies.take(ip))
    let bytes = 0
    let hasEnded = false
    return {
      add: (more) => {
        refuse(this.#bodyBytes.take(ip, more))
        bytes += more
      },
      end: () => {
        if (hasEnded) return
        hasEnded = true
        this.#bodies.giveBack(ip)
        this.#bodyBytes.giveBack(ip, bytes)
      },
    }
  }

  /** A file that begins to come; held until the request is over. @throws AppError `rate_limited` or `unavailable`. */
  takeUpload(request: IncomingMessage): void {
    if (request.destroyed) return
    const ip = this.addressOf(request)
    const refused = this.#uploads.take(ip)
    if (refused) {
      this.note('uploads', ip)
      throw refusal(refused, 'Too many uploads')
    }
    request.once('close', () => this.#uploads.giveBack(ip))
  }

  addressOf(request: IncomingMessage): string | null {
    return this.#clientAddress(request)
  }

  /** A pipelined request that waits behind others; false where there is no room for it. */
  takePipelined(ip: string | null): boolean {
    if (!this.#pipelined.take(ip)) return true
    this.note('pipelined', ip)
    return false
  }

  giveBackPipelined(ip: string | null): void {
    this.#pipelined.giveBack(ip)
  }

  /** Logs a refusal, and those of the same kind that follow within a minute as a number. */
  note(kind: keyof typeof told, ip: string | null | undefined): void {
    const nowMs = performance.now()
    const refusals = this.#refusals.get(kind) ?? { count: 0, loggedAtMs: Number.NEGATIVE_INFINITY }
    refusals.count += 1
    this.#refusals.set(kind, refusals)
    if (nowMs - refusals.loggedAtMs < logEveryMs) return
    this.#log?.warn({ client: hostPrefix(ip ?? null), count: refusals.count }, told[kind])
    this.#refusals.set(kind, { count: 0, loggedAtMs: nowMs })
  }
}

const sharesBySocket = new WeakMap<Socket, ClientShares>()

/** Those of the server that a request came to. */
export function clientSharesOf({ socket }: IncomingMessage): ClientShares | undefined {
  return socket && sharesBySocket.get(socket)
}

function refusal(refused: Refused, what: string): AppError {
  const headers = { Connection: 'close', 'Retry-After': '10' }
  return refused === 'by_address'
    ? new AppError('rate_limited', `${what} come from this address at once. Try again in a moment.`, { headers })
    : new AppError('unavailable', `${what} come in at once. Try again in a moment.`, { headers })
}
