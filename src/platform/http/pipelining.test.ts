import { connect } from 'node:net'
import { Hono } from 'hono'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AppEnv } from './app-env.ts'
import { readBody } from './read-body.ts'
import { startHttpServer } from './start-http-server.ts'

let server: Awaited<ReturnType<typeof startHttpServer>>
/** What was begun, and how many requests at most were answered at a time. */
let begun: string[]
let mostAtOnce: number
beforeEach(async () => {
  begun = []
  mostAtOnce = 0
  let now = 0
  const app = new Hono<AppEnv>()
  app.use(async (c, next) => {
    now += 1
    mostAtOnce = Math.max(mostAtOnce, now)
    begun.push(c.req.path)
    await next()
    now -= 1
  })
  app.post('/*', async (c) => c.text(`<${c.req.path} ${(await readBody(c.env.incoming, 10_000_000)).length}>`))
  app.get('/large', (c) => c.text('x'.repeat(20_000_000)))
  app.get('/*', (c) => c.text(`<${c.req.path}>`))
  server = await startHttpServer(app, { host: '127.0.0.1', port: 0, publicUrl: 'http://localhost' })
})
afterEach(() => server.drain())

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`
const post = (path: string, body: string, headers = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n${headers}\r\n${body}`
const last = (path: string) => get(path, 'Connection: close\r\n')
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

/** What comes back until the server closes. */
function send(text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => (answer += chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}
const bodies = (answer: string) => [...answer.matchAll(/<(.*?)>/g)].map(([, body]) => body)

test('pipelined requests are answered one at a time in their order, with bodies of any size among them', async () => {
  const large = 'b'.repeat(1_000_000)
  const answer = await send(
    [
      ...[get('/a'), post('/b', large), post('/c', '{}'), `HEAD /d HTTP/1.1\r\nHost: x\r\n\r\n`],
      ...[post('/e', large), get('/f'), post('/g', large, 'Expect: 100-continue\r\n'), post('/h', ''), last('/i')],
    ].join(''),
  )
  expect(bodies(answer)).toEqual(['/a', '/b 1000000', '/c 2', '/e 1000000', '/f', '/g 1000000', '/h 0', '/i'])
  expect(begun.join('')).toBe('/a/b/c/d/e/f/g/h/i')
  expect(answer).toContain('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200')
  expect(mostAtOnce).toBe(1)
})

test('a body that comes in pieces behind pipelined requests is read when its turn comes', async () => {
  const socket = connect(server.port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => (answer += chunk))
  socket.write(get('/a') + get('/b') + post('/c', 'd'.repeat(100_000)).slice(0, -50_000))
  await expect.poll(() => begun.join(''), { timeout: 20_000 }).toBe('/a/b/c')
  socket.write('d'.repeat(50_000) + get('/e'))
  await expect.poll(() => bodies(answer), { timeout: 20_000 }).toEqual(['/a', '/b', '/c 100000', '/e'])
  socket.destroy()
})

test('a client that keeps many requests on their way is answered all of them', async () => {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  let answer = ''
  let sent = 50
  socket.on('data', (chunk) => {
    answer += chunk
    const more = Math.min(bodies(answer).length + 50, 500) - sent
    sent += more
    socket.write(get('/a').repeat(more))
  })
  socket.write(get('/a').repeat(sent))
  await expect.poll(() => bodies(answer).length, { timeout: 20_000 }).toBe(500)
  socket.destroy()
})

test('with a hundred pipelined at once the connection ends after the answers to the first 65, which the last one says', async () => {
  const answer = await send(
    upTo(100)
      .map((n) => get(`/n${n}`))
      .join(''),
  )
  expect(bodies(answer)).toEqual(upTo(65).map((n) => `/n${n}`))
  expect(answer.match(/connection: close/gi)).toHaveLength(1)
  expect(answer.slice(answer.lastIndexOf('HTTP/1.1'))).toMatch(/connection: close/i)
  expect(begun).toHaveLength(65)
})

test('with thousands pipelined at once the connection ends at once, and few of them were begun', async () => {
  await send(get('/a').repeat(20_000))
  expect(begun.length).toBeLessThan(10)
})

test('behind an answer that nobody reads no request is begun, and none is read without end', async () => {
  const socket = connect(server.port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(get('/large') + get('/a'))
  await expect.poll(() => begun, { timeout: 20_000 }).toEqual(['/large'])
  const piece = post('/b', 'b'.repeat(60_000))
  let sent = 0
  // Until the buffers on the way are full.
  await new Promise<void>((resolve) => {
    const more = () => {
      for (; socket.writable && sent < 1_000; sent++)
        if (!socket.write(piece)) {
          const full = setTimeout(resolve, 500)
          socket.once('drain', () => {
            clearTimeout(full)
            more()
          })
          return
        }
      resolve()
    }
    more()
  })
  expect(sent).toBeLessThan(500)
  expect(begun).toEqual(['/large'])
  socket.destroy()
})

test('a malformed request is not answered in the middle of the answer to an earlier one', async () => {
  const socket = connect(server.port, '127.0.0.1', () => socket.write(get('/large')))
  let answer = ''
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.once('data', () => socket.write('no request\r\n\r\n'))
  socket.on('data', (chunk) => (answer += chunk))
  await closed
  expect(answer).toMatch(/^HTTP\/1\.1 200/)
  expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
})
