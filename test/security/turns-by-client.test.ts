import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import type { AppEnv } from '../../src/platform/http/app-env.ts'
import { startHttpServer } from '../../src/platform/http/start-http-server.ts'

const floodConnections = 300
const pipelined = 4

let server: Awaited<ReturnType<typeof startHttpServer>>
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.drain()
})

/** A server with costly answers. It counts the requests of the flood: those that had come, and those that were begun. */
async function start(trustedProxies: string[]) {
  const seen = { come: 0, begun: 0, comeBefore: 0, begunBetween: 0 }
  const app = new Hono<AppEnv>()
  app.get('/flood', (c) => {
    seen.begun += 1
    return c.text('x'.repeat(100_000))
  })
  app.get('/other', (c) => {
    seen.begunBetween = seen.begun - seen.begunBetween
    return c.text('served')
  })
  server = await startHttpServer(app, {
    ...{ host: '127.0.0.1', port: 0, publicUrl: 'http://localhost', trustedProxies },
    onRequest({ url }) {
      if (url === '/flood') seen.come += 1
      else Object.assign(seen, { comeBefore: seen.come, begunBetween: seen.begun })
    },
  })
  return seen
}

async function open(localAddress: string): Promise<Socket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', localAddress })
  socket.on('error', () => undefined)
  socket.resume()
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`

test.each([
  ['another address', [], '127.0.0.2', '', ''],
  ['another network', [], '127.1.0.1', '', ''],
  [
    'another client of the same proxy',
    ['127.0.0.1'],
    '127.0.0.1',
    'X-Forwarded-For: 192.0.2.1\r\n',
    'X-Forwarded-For: 192.0.2.2\r\n',
  ],
])(
  'beside pipelined requests on 300 connections of one client, a request of %s is among the next to begin',
  async (_, trustedProxies, otherAddress, floodHeaders, otherHeaders) => {
    const seen = await start(trustedProxies)
    const flood: Socket[] = []
    for (let i = 0; i < floodConnections; i++) flood.push(await open('127.0.0.1'))
    const other = await open(otherAddress)
    // All of it lies in the kernel before the server, which has the same event loop, reads any.
    for (const socket of flood) socket.write(get('/flood', floodHeaders).repeat(pipelined))
    other.write(get('/other', otherHeaders))
    await once(other, 'data')
    expect(seen.comeBefore).toBeGreaterThan(floodConnections)
    expect(seen.begunBetween).toBeLessThanOrEqual(9)
  },
)
