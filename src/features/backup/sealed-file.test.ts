import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { makeSecrets, randomBase62 } from '../../platform/secrets.ts'
import { type Envelope, makeEnvelope, openSealed, parseEnvelope, sealStream } from './sealed-file.ts'

const key = randomBase62(43)
const secrets = makeSecrets(key)
const chunk = 64 * 1024 + 16

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function gather(pieces: AsyncIterable<Buffer>): Promise<Buffer> {
  const gathered: Buffer[] = []
  for await (const piece of pieces) gathered.push(piece)
  return Buffer.concat(gathered)
}

async function seal(text: Buffer, size = 10_000): Promise<{ envelope: Envelope; chunks: Buffer }> {
  const bytes = await gather(sealStream(secrets, makeEnvelope(secrets, undefined), inPieces(text, size)))
  const envelope = parseEnvelope(bytes)
  if (!envelope) throw new Error('no envelope')
  return { envelope, chunks: bytes.subarray(envelope.line.length) }
}

const open = (envelope: Envelope, chunks: Buffer, by = secrets, size = 7_777) =>
  gather(openSealed(by, envelope, inPieces(chunks, size)))

test('what was sealed is opened as it was, however long it is and however it comes in pieces', async () => {
  const edges = [0, 1, 65_535, 65_536, 65_537, 131_071, 131_072, 131_073]
  const size = fc.integer({ min: 1_000, max: 200_000 })
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.constantFrom(...edges), fc.nat(300_000)), size, size, async (length, one, other) => {
      const text = randomBytes(length)
      const { envelope, chunks } = await seal(text, one)
      expect((await open(envelope, chunks, secrets, other)).equals(text)).toBe(true)
      expect(chunks.length).toBe(length + 16 * Math.max(1, Math.ceil(length / 65_536)))
    }),
    { numRuns: 40 },
  )
})

test('no chunk can be left out, repeated, moved, taken from another file or made longer, and no byte be changed', async () => {
  const text = randomBytes(4 * 65_536 + 100)
  const [one, two] = [await seal(text), await seal(text)]
  const parts = (of: Buffer) => [0, 1, 2, 3, 4].map((n) => of.subarray(n * chunk, (n + 1) * chunk))
  const [mine, theirs] = [parts(one.chunks), parts(two.chunks)]
  const refuse = async (chunks: Buffer[], what: string) =>
    expect([what, await open(one.envelope, Buffer.concat(chunks)).catch((error: Error) => error.name)]).toEqual([
      what,
      'BrokenSeal',
    ])
  for (let n = 0; n < 5; n++) {
    await refuse(mine.slice(0, n), `the first ${n}`)
    await refuse(mine.toSpliced(n, 1), `without ${n}`)
    await refuse(mine.toSpliced(n, 0, mine[n] ?? Buffer.alloc(0)), `twice ${n}`)
    await refuse(mine.with(n, theirs[n] ?? Buffer.alloc(0)), `another file's ${n}`)
    await refuse(mine.with(n, mine[(n + 1) % 5] ?? Buffer.alloc(0)), `the next for ${n}`)
  }
  await refuse([...mine, Buffer.alloc(1)], 'a byte more')
  await refuse([...mine, ...theirs], 'both files')
  await refuse([...mine, ...mine], 'itself again')
  await fc.assert(
    fc.asyncProperty(fc.nat(one.chunks.length - 1), fc.integer({ min: 1, max: 255 }), async (at, bits) => {
      const changed = Buffer.from(one.chunks)
      changed[at] = (changed[at] ?? 0) ^ bits
      await refuse([changed], `another byte at ${at}`)
      await refuse([one.chunks.subarray(0, at)], `cut at ${at}`)
    }),
    { numRuns: 30 },
  )
})

test('the envelope is as authentic as the chunks, and another key opens nothing, whatever the envelope names', async () => {
  const { envelope, chunks } = await seal(randomBytes(1_000))
  const name = async (opened: Promise<Buffer>) => opened.then(() => 'opened').catch((error: Error) => error.name)
  const line = envelope.line.toString()
  const kept = `${line.slice(0, -2)},"secret_key":"${key}"}\n`
  for (const other of [line.replace('{', '{ '), line.replace(/"salt":"./, '"salt":"0'), kept]) {
    const changed = parseEnvelope(Buffer.from(other))
    if (changed && other !== line) expect(await name(open(changed, chunks))).toBe('BrokenSeal')
  }
  const stranger = makeSecrets(randomBase62(43))
  expect(await name(open(envelope, chunks, stranger))).toBe('BrokenSeal')
  expect(await name(open({ ...envelope, secret_version: stranger.version }, chunks, stranger))).toBe('BrokenSeal')
  const rotating = makeSecrets(randomBase62(43), key)
  expect(await name(open(envelope, chunks, rotating))).toBe('opened')
})

test('nothing of a chunk is handed on before the chunk is authentic', async () => {
  const { envelope, chunks } = await seal(randomBytes(3 * 65_536))
  chunks[chunk + 5] = (chunks[chunk + 5] ?? 0) ^ 1
  let bytes = 0
  await expect(
    (async () => {
      for await (const piece of openSealed(secrets, envelope, inPieces(chunks, 1_000))) bytes += piece.length
    })(),
  ).rejects.toThrow()
  expect(bytes).toBe(65_536)
})
