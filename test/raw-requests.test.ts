import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from './as.ts'
import { reportFigure } from './figures.ts'
import { makeApiCaller, makeProduct, type TestProduct } from './make.ts'

let product: TestProduct
let secret: string
let path: string
beforeAll(async () => {
  product = await makeProduct()
  ;({ secret, path } = await makeApiCaller(product))
})
afterAll(() => product.close())

/** Sends bytes and answers all that comes back until the server closes; whether it closed is told too. */
function send(bytes: string): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(product.url).port), '127.0.0.1', () => socket.write(bytes, 'latin1'))
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString('latin1')))
    socket.on('error', () => undefined)
    const timer = setTimeout(() => {
      resolve({ text, closed: false })
      socket.destroy()
    }, 5_000)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve({ text, closed: true })
    })
  })
}
const get = 'GET /v1/api/key HTTP/1.1\r\nHost: x\r\n'
test('bytes that two servers may read differently are 400 and the end of the connection, and what is hidden behind them is never answered', async () => {
  const key = `Authorization: Bearer ${secret}\r\n`
  const body = (email: string) => JSON.stringify({ email })
  const inner = body('inner@example.com')
  const smuggled = `POST /v1/api${path} HTTP/1.1\r\nHost: x\r\n${key}Content-Type: application/json\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`
  const post = `POST /v1/api${path} HTTP/1.1\r\nHost: x\r\n${key}Content-Type: application/json\r\n`
  const outer = body('outer@example.com')
  const table: Record<string, string> = {
    'nul in value': `${get}${key}X: a\0b\r\n\r\n`,
    'nul in name': `${get}${key}X\0: ab\r\n\r\n`,
    'bare cr in value': `${get}${key}X: a\rb\r\n\r\n`,
    'bare lf line end': `${get}${key}X: a\nY: b\r\n\r\n`,
    'bare lf all': `GET /v1/api/key HTTP/1.1\nHost: x\nAuthorization: Bearer ${secret}\n\n`,
    'bare cr line end': `${get}${key}X: a\rY: b\r\n\r\n`,
    'space before colon': `${get}${key}X : a\r\n\r\n`,
    'obs-fold': `${get}${key}X: a\r\n b\r\n\r\n`,
    'obs-fold auth': `${get}Authorization:\r\n Bearer ${secret}\r\n\r\n`,
    'empty name': `${get}${key}: a\r\n\r\n`,
    'DEL in value': `${get}${key}X: a\x7fb\r\n\r\n`,
    'ctl in target': `GET /v1/api/key\x01 HTTP/1.1\r\nHost: x\r\n${key}\r\n`,
    'space in target': `GET /v1/api/key x HTTP/1.1\r\nHost: x\r\n${key}\r\n`,
    'bad version': `GET /v1/api/key HTTP/9.9\r\nHost: x\r\n${key}\r\n`,
    'http/0.9': `GET /v1/api/key\r\n\r\n`,
    'lower method': `get /v1/api/key HTTP/1.1\r\nHost: x\r\n${key}\r\n`,
    'two CL differ': `${post}Content-Length: ${outer.length}\r\nContent-Length: 0\r\n\r\n${outer}${smuggled}`,
    'two CL same': `${post}Content-Length: ${outer.length}\r\nContent-Length: ${outer.length}\r\n\r\n${outer}${smuggled}`,
    'CL list': `${post}Content-Length: ${outer.length}, ${outer.length}\r\n\r\n${outer}${smuggled}`,
    'CL+TE': `${post}Content-Length: ${outer.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'TE+CL': `${post}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n${smuggled}`,
    'two TE': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
    'TE xchunked': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'TE chunked, gzip': `${post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n${smuggled}`,
    'TE vtab': `${post}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'TE space colon': `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${smuggled}`,
    'CL plus': `${post}Content-Length: +${outer.length}\r\n\r\n${outer}${smuggled}`,
    'CL minus': `${post}Content-Length: -1\r\n\r\n${outer}${smuggled}`,
    'CL hex': `${post}Content-Length: 0x1a\r\n\r\n${outer}${smuggled}`,
    'CL huge': `${post}Content-Length: 99999999999999999999999\r\n\r\n${outer}${smuggled}`,
    'CL empty': `${post}Content-Length:\r\n\r\n${outer}${smuggled}`,
    'chunk size ws': `${post}Transfer-Encoding: chunked\r\n\r\n${outer.length.toString(16)} \r\n${outer}\r\n0\r\n\r\n${smuggled}`,
    'chunk 0x': `${post}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n${smuggled}`,
    'chunk lf': `${post}Transfer-Encoding: chunked\r\n\r\n${outer.length.toString(16)}\n${outer}\n0\n\n${smuggled}`,
    'chunk overflow': `${post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff1\r\na\r\n0\r\n\r\n${smuggled}`,
    'chunk short data': `${post}Transfer-Encoding: chunked\r\n\r\n1\r\n${outer}\r\n0\r\n\r\n${smuggled}`,
    'bare CR before smuggled header': `${post}X: y\rTransfer-Encoding: chunked\r\nContent-Length: ${outer.length}\r\n\r\n${outer}${smuggled}`,
  }
  for (const [name, bytes] of Object.entries(table)) {
    const { text, closed } = await send(bytes)
    expect([name, closed, text.match(/HTTP\/1\.1 \d+/g)]).toEqual([name, true, ['HTTP/1.1 400']])
    expect(text).toMatch(/^request-id: req_/im)
  }
  reportFigure('malformed requests refused on a socket', Object.keys(table).length)
  const api = asApiKey(product, secret)
  expect((await api.get(path)).json.total).toBe(0)
  // The same bytes, plainly said, are two requests.
  expect(
    (
      await send(
        `${post}Content-Length: ${outer.length}\r\n\r\n${outer}${smuggled.replace('HTTP/1.1\r\n', 'HTTP/1.1\r\nConnection: close\r\n')}`,
      )
    ).text,
  ).toMatch(/^HTTP\/1\.1 201[\s\S]*HTTP\/1\.1 201/)
  expect((await api.get(path)).json.total).toBe(2)
})
