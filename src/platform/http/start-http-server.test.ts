import { connect } from 'node:net'
import { Hono } from 'hono'
import { afterEach, expect, test } from 'vitest'
import type { AppEnv } from './app-env.ts'
import { readBody } from './read-body.ts'
import { startHttpServer } from './start-http-server.ts'

type Server = Awaited<ReturnType<typeof startHttpServer>>
let server: Server
afterEach(() => server.drain())

async function start(
  patience: NonNullable<Parameters<typeof startHttpServer>[1]['patience']> = {},
  onGet: () => void = () => undefined,
) {
  const app = new Hono<AppEnv>()
  app.post('/', async (c) => c.text((await readBody(c.env.incoming, 1_000_000).catch(String)).toString()))
  app.get('/', (c) => {
    onGet()
    return c.text('here')
  })
  server = await startHttpServer(app, { host: '127.0.0.1', port: 0, publicUrl: 'http://localhost', patience })
}

/** What comes back until the server closes. */
function send(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => (answer += chunk))
    socket.on('close', () => resolve(answer))
    // Closed while there was more to send.
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(answer) : reject(error),
    )
  })
}

const problem = (status: number, code: string) =>
  new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*connection: close[\\s\\S]*request-id: req_[\\s\\S]*"code":"${code}"`, 'i')

test('headers that do not come in time are 408', async () => {
  await start({ headersMs: 100, requestMs: 60_000, checkEveryMs: 20 })
  expect(await send('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ')).toMatch(problem(408, 'request_timeout'))
})

test('a body that does not come in time is 408', async () => {
  await start({ headersMs: 100, requestMs: 200, checkEveryMs: 20 })
  expect(await send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc')).toMatch(
    problem(408, 'request_timeout'),
  )
})

test('an address or headers that are too large are 431, whatever the method', async () => {
  await start()
  const [address, header] = [`/${'a'.repeat(20_000)}`, `X-Large: ${'a'.repeat(20_000)}`]
  const tooLarge = problem(431, 'headers_too_large')
  for (const method of ['GET', 'POST', 'DELETE'])
    expect(await send(`${method} ${address} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(tooLarge)
  expect(await send(`GET / HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`)).toMatch(tooLarge)
  expect(await send(`GET / HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(4_000)}\r\n`)).toMatch(tooLarge)
  expect(await send('G\u0001T / HTTP/1.1\r\n\r\n')).toMatch(problem(400, 'invalid_request'))
})

test('connections past the limit are closed at once, and there is room again when one leaves', async () => {
  await start({ maxConnections: 2 })
  const held = [1, 2].map(() => connect(server.port, '127.0.0.1'))
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
  const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  await expect.poll(() => send(request)).toBe('')
  held[0]?.destroy()
  await expect.poll(() => send(request)).toContain('here')
  held[1]?.destroy()
})

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'

/** A connection that stays, and what it answers to what. */
async function hold() {
  const socket = connect(server.port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return {
    ask: (text: string) =>
      new Promise<string>((resolve) => {
        socket.once('data', (chunk) => resolve(String(chunk)))
        socket.write(text)
      }),
    closed: new Promise<void>((resolve) => socket.once('close', () => resolve())),
    destroy: () => socket.destroy(),
  }
}

test('a server that is told to take no connections keeps those it has, and takes some again when told so', async () => {
  await start()
  const held = await hold()
  expect(await held.ask(get)).toMatch(/^HTTP\/1\.1 200/)
  await server.intake.take(false)
  await expect(hold()).rejects.toThrow('ECONNREFUSED')
  expect(await held.ask(get)).toMatch(/^HTTP\/1\.1 200/)
  expect(await server.intake.count()).toBe(1)
  await Promise.all([true, false, true].map((yes) => server.intake.take(yes)))
  const other = await hold()
  expect(await other.ask(get)).toMatch(/^HTTP\/1\.1 200/)
  held.destroy()
  other.destroy()
})

test('a server ends when it is told to while it takes no connections, and takes none afterwards', async () => {
  await start()
  await server.intake.take(false)
  const taking = server.intake.take(true)
  await server.drain()
  await taking
  await server.intake.take(true)
  expect(server.intake.takes).toBe(false)
})

test('connections that are parted with end after their next answer, which says so; what came behind never began', async () => {
  let begun = 0
  await start({}, () => (begun += 1))
  const held = await Promise.all([hold(), hold(), hold()])
  server.intake.part(2)
  const answers = await Promise.all(held.map(({ ask }) => ask(`${get}${get}`)))
  const said = answers.map((answer) => /connection: (\S+)/i.exec(answer)?.[1])
  expect(said).toEqual(['close', 'close', 'keep-alive'])
  await Promise.all(held.slice(0, 2).map(({ closed }) => closed))
  await expect.poll(() => begun).toBe(4)
  expect(await server.intake.count()).toBe(1)
  held[2]?.destroy()
})
