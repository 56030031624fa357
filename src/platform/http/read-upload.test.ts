import { PassThrough } from 'node:stream'
import fc from 'fast-check'
import type { Context as HonoContext } from 'hono'
import { describe, expect, test, vi } from 'vitest'
import type { AppEnv } from './app-env.ts'
import { readBody } from './read-body.ts'
import { readUpload } from './read-upload.ts'

/** A request whose body comes in pieces of the given size. */
function requestOf(body: Buffer, pieceBytes: number, boundary = 'x') {
  const incoming = Object.assign(new PassThrough(), { setTimeout: () => undefined, headers: {} })
  for (let at = 0; at < body.length; at += pieceBytes) incoming.write(body.subarray(at, at + pieceBytes))
  incoming.end()
  const header = () => `multipart/form-data; boundary=${boundary}`
  return { req: { header }, env: { incoming } } as unknown as HonoContext<AppEnv>
}

function bodyOf(content: Buffer, head = 'Content-Disposition: form-data; name="file"; filename="a%22b.csv"'): Buffer {
  return Buffer.concat([
    Buffer.from(`--x\r\n${head}\r\nContent-Type: text/csv\r\n\r\n`),
    content,
    Buffer.from('\r\n--x--\r\n'),
  ])
}

async function read(c: HonoContext<AppEnv>) {
  const { name, bytes, drain } = await readUpload(c)
  const pieces: Buffer[] = []
  for await (const piece of bytes) pieces.push(piece)
  await drain()
  return { name, content: Buffer.concat(pieces) }
}

describe('an upload', () => {
  test('is what was sent, wherever it is cut', async () => {
    const content = fc.string({
      unit: fc.constantFrom('\r', '\n', '-', '-', 'x', 'é', '\r\n--', '\r\n--'),
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(content, fc.integer({ min: 1, max: 80 }), async (text, pieceBytes) => {
        fc.pre(!text.includes('\r\n--x'))
        const sent = Buffer.from(text)
        expect(await read(requestOf(bodyOf(sent), pieceBytes))).toEqual({ name: 'a"b.csv', content: sent })
      }),
    )
  })

  test.each([
    ['that breaks off', bodyOf(Buffer.from('abc')).subarray(0, -8)],
    ['without a file', bodyOf(Buffer.from('abc'), 'Content-Disposition: form-data; name="file"')],
    ['of another boundary', Buffer.from(bodyOf(Buffer.from('abc')).toString().replaceAll('--x', '--y'))],
    ['with an endless head', Buffer.from(`--x\r\n${'A: b\r\n'.repeat(5_000)}`)],
  ])('%s is refused', async (_, body) => {
    await expect(read(requestOf(body, 1_000))).rejects.toMatchObject({ status: 400 })
  })
})

test('a body that trickles in for more than a minute is given up', async () => {
  vi.useFakeTimers()
  try {
    const request = Object.assign(new PassThrough(), { headers: {} })
    const reading = readBody(request as unknown as Parameters<typeof readBody>[0], 100)
    const refused = expect(reading).rejects.toMatchObject({ status: 408, headers: { Connection: 'close' } })
    request.write('a')
    await vi.advanceTimersByTimeAsync(61_000)
    await refused
  } finally {
    vi.useRealTimers()
  }
})
