import { connect, createServer, type Socket } from 'node:net'

export interface Relay {
  /** The same address, through the relay. */
  through(url: string): string
  /** Where new connections lead from now on; without a port they are turned away. Those that are there stay as they are. */
  leadTo(port: number | undefined): void
  /** Breaks the connections that are there. */
  cut(): void
  /** The servers behind the connections that are there now are heard no more; the connections stay open. */
  fallSilent(): void
  close(): void
}

/** What stands for a virtual address or a TCP balancer before a database. */
export async function startRelay(port: number): Promise<Relay> {
  let target: number | undefined = port
  const pairs = new Set<{ client: Socket; server: Socket }>()
  const relay = createServer((client) => {
    if (target === undefined) return void client.destroy()
    const server = connect(target, '127.0.0.1')
    const pair = { client, server }
    pairs.add(pair)
    client.on('error', () => undefined).on('close', () => server.destroy())
    server
      .on('error', () => undefined)
      .on('close', () => {
        pairs.delete(pair)
        client.destroy()
      })
    client.pipe(server)
    server.pipe(client)
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
    leadTo: (port) => {
      target = port
    },
    fallSilent() {
      for (const { client, server } of pairs) {
        server.unpipe(client)
        server.resume()
      }
    },
    cut,
    close() {
      relay.close()
      cut()
    },
  }
}
