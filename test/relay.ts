import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'

export interface Relay {
  /** The same address, through the relay. */
  through(url: string): string
  /** Where new connections lead from now on; without a target they are turned away. Those that are there stay as they are. */
  leadTo(target: RelayTarget | undefined): void
  /** Breaks the connections that are there. */
  cut(): void
  /** The servers behind the connections that are there now are heard no more; the connections stay open. */
  fallSilent(): void
  /** From now on each piece that a server says takes so long. */
  slowDown(ms: number): void
  /** How many connections are there, those that their client has ended and the server not yet included. */
  count(): number
  /** Of these, how many their client still holds. */
  held(): number
  close(): void
}

/** Where a database server listens: a port on loopback, or the path of a Unix socket. */
export type RelayTarget = number | string

/** Where the server of a connection string listens. */
export function serverOf(url: string): RelayTarget {
  const { hostname, port } = new URL(url)
  return hostname.startsWith('%2F') ? `${decodeURIComponent(hostname)}/.s.PGSQL.${port}` : Number(port)
}

/** What stands for a virtual address or a TCP balancer before a database. */
export async function startRelay(first: RelayTarget): Promise<Relay> {
  let target: RelayTarget | undefined = first
  let pieceMs = 0
  const pairs = new Set<{ client: Socket; server: Socket; slow: Transform }>()
  const relay = createServer((client) => {
    if (target === undefined) return void client.destroy()
    const server = typeof target === 'string' ? connect(target) : connect(target, '127.0.0.1')
    const slow = new Transform({
      transform: (piece, _, pass) => void (pieceMs ? setTimeout(pass, pieceMs, null, piece) : pass(null, piece)),
    })
    const pair = { client, server, slow }
    pairs.add(pair)
    client.on('error', () => undefined).on('close', () => server.destroy())
    server
      .on('error', () => undefined)
      .on('close', () => {
        pairs.delete(pair)
        client.destroy()
      })
    client.pipe(server)
    server.pipe(slow).pipe(client)
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const address = relay.address()
  const cut = () => {
    for (const { client, server } of pairs) for (const end of [client, server]) end.destroy()
  }
  return {
    through(url) {
      const changed = new URL(url)
      changed.hostname = '127.0.0.1'
      changed.port = String(typeof address === 'object' ? address?.port : '')
      return changed.toString()
    },
    leadTo: (next) => {
      target = next
    },
    fallSilent() {
      for (const { server, slow } of pairs) {
        server.unpipe(slow)
        server.resume()
      }
    },
    slowDown: (ms) => {
      pieceMs = ms
    },
    count: () => pairs.size,
    held: () => [...pairs].filter(({ client }) => !client.readableEnded && !client.destroyed).length,
    cut,
    close() {
      relay.close()
      cut()
    },
  }
}
