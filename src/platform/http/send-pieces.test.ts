import { Hono } from 'hono'
import { afterEach, expect, test, vi } from 'vitest'
import { beginReading, whenAtRest } from '../../../test/slow-reader.ts'
import type { Context } from '../context.ts'
import type { Pace } from '../downloads.ts'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'
import { sendPieces } from './send-pieces.ts'
import { startHttpServer } from './start-http-server.ts'

let server: Awaited<ReturnType<typeof startHttpServer>> | undefined
afterEach(async () => {
  await server?.drain()
  vi.restoreAllMocks()
})

const pace = { bytesPerSecond: 16 * 1024, patienceMs: 60_000, maxMs: 3_600_000 }
const piece = Buffer.alloc(64 * 1024, 'x')
const [megabyte, whole] = [16, 4_096]

/** Serves pieces, and tells how many were asked for, whether somebody still asks, and what was logged. */
async function serve(failAfter = whole, failure: Error = new Error('broken'), given: Partial<Pace> = {}) {
  const seen = { asked: 0, ended: false, logged: [] as string[] }
  async function* pieces() {
    try {
      for (; seen.asked < whole; seen.asked++) {
        if (seen.asked === failAfter) throw failure
        yield piece
        await new Promise((resolve) => setImmediate(resolve))
      }
    } finally {
      seen.ended = true
    }
  }
  const note = (level: string) => (about: { reason?: string }, message: string) =>
    void seen.logged.push(`${level}: ${message}${about.reason ? `: ${about.reason}` : ''}`)
  const app = new Hono<AppEnv>()
  app.get('/', (c) => {
    c.set('ctx', { log: { info: note('info'), error: note('error') } } as unknown as Context)
    c.set('meta', { requestId: 'req_1', ip: null, userAgent: null } as AppEnv['Variables']['meta'])
    return sendPieces(c, pieces(), { pace: { ...pace, ...given } })
  })
  server = await startHttpServer(app, { host: '127.0.0.1', port: 0, publicUrl: 'http://localhost' })
  return { seen, url: `http://127.0.0.1:${server.port}/` }
}

test('whoever reads slowly has no more made for them than lies in the buffers on the way', async () => {
  const { seen, url } = await serve()
  const reading = await beginReading(url)
  // 256 MB in all. The kernel alone may hold some on either side.
  expect(await whenAtRest(() => seen.asked)).toBeLessThan(40 * megabyte)
  const rest = await reading.rest()
  expect([reading.first.length + rest.length, seen.asked]).toEqual([whole * piece.length, whole])
})

test('whoever goes away ends it', async () => {
  const { seen, url } = await serve()
  const reading = await beginReading(url)
  reading.goAway()
  await vi.waitUntil(() => seen.ended, { timeout: 20_000 })
  expect(seen.asked).toBeLessThan(40 * megabyte)
  expect(seen.logged).toEqual([])
})

test.each([
  ['what nobody foresaw', new Error('the password is hunter2'), 'error'],
  ['a refusal', new AppError('forbidden', 'No longer.'), 'info'],
])('%s cuts the answer off, and is one line of the log', async (_, failure, level) => {
  const written = vi.spyOn(console, 'error')
  const { seen, url } = await serve(100, failure)
  const reading = await beginReading(url)
  await expect(reading.rest()).rejects.toThrow()
  expect(seen.logged).toEqual([`${level}: a file broke off on its way`])
  expect(written).not.toHaveBeenCalled()
})

test('so does what fails before anything was sent', async () => {
  const { seen, url } = await serve(0)
  await expect(beginReading(url)).rejects.toThrow()
  expect(seen.logged).toEqual(['error: a file broke off on its way'])
})

test.each([
  ['too slow', 'the reader is too slow', { patienceMs: 200 }],
  // They have taken more than their pace needs for longer than this test takes.
  ['not done in time', 'it takes too long', { bytesPerSecond: 1, patienceMs: 3_600_000, maxMs: 200 }],
])('cuts off a reader who is %s, and logs it as one line', async (_, reason, given) => {
  const { seen, url } = await serve(whole, undefined, given)
  const reading = await beginReading(url)
  await vi.waitUntil(() => seen.ended, { timeout: 20_000 })
  await expect(reading.rest()).rejects.toThrow(/ECONNRESET|aborted/)
  expect(seen.asked).toBeLessThan(40 * megabyte)
  expect(seen.logged).toEqual([`info: a download was cut off: ${reason}`])
})
