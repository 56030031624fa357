import type { RequestListener, Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'

/** Whether an HTTP server takes new connections, and how it parts with some that it has. */
export class ConnectionIntake {
  readonly #server: Server
  readonly #host: string
  #port: number
  #turned: Promise<void> = Promise.resolve()
  #ended = false
  #toPart = 0
  readonly #parted = new WeakSet<Socket>()

  constructor(server: Server, { host, port }: { host: string; port: number }) {
    this.#server = server
    this.#host = host
    this.#port = port
  }

  get takes(): boolean {
    return this.#server.listening
  }

  /** Where it listens, once it has: where it was told 0, what the system chose. */
  get port(): number {
    return this.#port
  }

  /** How many connections are open. */
  count(): Promise<number> {
    return new Promise((resolve, reject) =>
      this.#server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  }

  /**
   * Begins to take new connections, or leaves them to others who listen; those that are open stay.
   * @throws what the system says where it cannot listen.
   */
  take(yes: boolean): Promise<void> {
    const turned = this.#turned.then(() => this.#turn(yes))
    this.#turned = turned.catch(() => undefined)
    return turned
  }

  /** Takes none from now on. */
  end(): Promise<void> {
    this.#ended = true
    return this.#turned
  }

  /** Ends so many connections, each after the answer to its next request, which says so. */
  part(count: number): void {
    this.#toPart = count
  }

  /** A listener that parts with connections. What comes on one after it was told so never begins (RFC 9112, section 9.6). */
  listener(listener: RequestListener): RequestListener {
    return (request, response) => {
      if (this.#parted.has(request.socket)) return
      if (this.#toPart > 0) {
        this.#toPart -= 1
        this.#parted.add(request.socket)
        response.setHeader('Connection', 'close')
      }
      listener(request, response)
    }
  }

  async #turn(yes: boolean): Promise<void> {
    const server = this.#server
    if (yes === server.listening || this.#ended) return
    // An HTTP server's own way to close would end the connections that are idle just now as well.
    if (!yes) NetServer.prototype.close.call(server)
    else {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(this.#port, this.#host, () => {
          server.off('error', reject)
          resolve()
        })
      })
      const address = server.address()
      if (typeof address === 'object' && address) this.#port = address.port
    }
  }
}
