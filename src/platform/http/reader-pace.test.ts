import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ReaderPace } from './reader-pace.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const pace = { bytesPerSecond: 16 * 1024, patienceMs: 60_000, maxMs: 3_600_000 }

/** Takes a slice of so many bytes after so many seconds, until the reader is cut off; answers after how many seconds. */
function read(slices: Iterable<{ bytes: number; seconds: number }>): number | undefined {
  const startedAt = performance.now()
  let cutOffAt: number | undefined
  const reader = new ReaderPace(pace, () => {
    cutOffAt ??= (performance.now() - startedAt) / 1_000
  })
  for (const { bytes, seconds } of slices) {
    reader.wait()
    vi.advanceTimersByTime(seconds * 1_000)
    if (cutOffAt !== undefined) break
    reader.took(bytes)
  }
  reader.stop()
  vi.advanceTimersByTime(600_000)
  return cutOffAt
}

const slice = 64 * 1024
const steadily = (bytesPerSecond: number) =>
  Array.from({ length: 1_000 }, () => ({ bytes: slice, seconds: slice / bytesPerSecond }))

test('a reader who takes nothing is cut off after a minute', () => {
  expect(read([{ bytes: slice, seconds: 3_600 }])).toBe(60)
})

test('a reader at the lowest pace is never cut off', () => {
  expect(read(steadily(pace.bytesPerSecond))).toBeUndefined()
})

test('a reader at half that pace is cut off within two minutes', () => {
  expect(read(steadily(pace.bytesPerSecond / 2))).toBe(112)
})

test('a byte now and then keeps nobody on', () => {
  expect(read(Array.from({ length: 1_000 }, () => ({ bytes: 1, seconds: 1 })))).toBeCloseTo(60)
})

test('a reader whose buffers empty a megabyte at a time, far apart, keeps the pace', () => {
  const lumps = Array.from({ length: 50 }, () => [
    { bytes: slice, seconds: 45 },
    ...Array.from({ length: 15 }, () => ({ bytes: slice, seconds: 0 })),
  ])
  expect(read(lumps.flat())).toBeUndefined()
})

test('what was taken fast earns no more than a minute', () => {
  const fast = Array.from({ length: 10_000 }, () => ({ bytes: slice, seconds: 0 }))
  expect(read([...fast, { bytes: slice, seconds: 3_600 }])).toBe(60)
})

test('time in which nobody waits for the reader costs nothing', () => {
  const reader = new ReaderPace(pace, () => expect.unreachable())
  for (let i = 0; i < 100; i++) {
    reader.wait()
    reader.took(slice)
    vi.advanceTimersByTime(3_600_000)
  }
})

test('a reader is behind as soon as we have waited longer than their bytes earned, and not once they have taken enough', () => {
  const reader = new ReaderPace({ bytesPerSecond: 256 * 1024, patienceMs: 10_000 })
  expect(reader.leftMs).toBe(10_000)
  reader.wait()
  vi.advanceTimersByTime(12_000)
  expect(reader.leftMs).toBe(-2_000)
  reader.took(1024 * 1024)
  expect(reader.leftMs).toBe(4_000)
  vi.advanceTimersByTime(60_000)
  expect(reader.leftMs).toBe(4_000)
})
