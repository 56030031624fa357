import { expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'

/** Work that ends when it is told to. */
function makeWork() {
  const begun: string[] = []
  const ends: (() => void)[] = []
  return {
    begun,
    work: (name: string) => () => {
      begun.push(name)
      return new Promise<string>((resolve) => ends.push(() => resolve(name)))
    },
    async endNext() {
      ends.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    },
    hasMore: () => ends.length > 0,
  }
}

const stranger = (key: string) => ({ key, isKnown: false })

const names = (key: string, count: number) => Array.from({ length: count }, (_, i) => `${key}${i + 1}`)

test('no more run at once than may, and the keys take turns', async () => {
  const queue = new FairQueue({ concurrency: 2, maxWaiting: 100, refusal: 'Later.' })
  const { begun, work, endNext, hasMore } = makeWork()
  const all = [...names('a', 6), ...names('b', 2), 'c1'].map((name) => queue.run(stranger(name[0] ?? ''), work(name)))
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun).toEqual(['a1', 'a2'])
  while (hasMore()) await endNext()
  expect(begun).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4', 'b2', 'a5', 'a6'])
  expect(await Promise.all(all)).toHaveLength(9)
})

test('past its bound the newest of the longest line is refused, whoever came last', async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 3, refusal: 'Later.' })
  const { begun, work, endNext, hasMore } = makeWork()
  const settled = [...names('a', 6), 'b1'].map((name) =>
    queue.run(stranger(name[0] ?? ''), work(name)).then(
      (done) => done,
      ({ code, headers }) => `${name} ${code} ${headers['Retry-After']}`,
    ),
  )
  while (begun.length === 0 || hasMore()) await endNext()
  expect(await Promise.all(settled)).toEqual([
    'a1',
    'a2',
    'a3',
    'a4 unavailable 5',
    'a5 unavailable 5',
    'a6 unavailable 5',
    'b1',
  ])
})

test('work that fails gives its place to the next', async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 3, refusal: 'Later.' })
  const failed = queue.run(stranger('a'), () => Promise.reject(new Error('broken')))
  const next = queue.run(stranger('a'), () => Promise.resolve('done'))
  await expect(failed).rejects.toThrow('broken')
  expect(await next).toBe('done')
})

test('known clients take turns with all strangers together, and are refused after them', async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 4, refusal: 'Later.' })
  const { begun, work, endNext, hasMore } = makeWork()
  const refused: string[] = []
  const run = (key: string, isKnown: boolean) =>
    queue.run({ key, isKnown }, work(key)).then(
      () => undefined,
      () => void refused.push(key),
    )
  const all = [...names('s', 5).map((key) => run(key, false)), run('ada', true), run('bob', true)]
  while (begun.length === 0 || hasMore()) await endNext()
  await Promise.all(all)
  expect(refused).toEqual(['s5', 's4'])
  expect(begun).toEqual(['s1', 'ada', 's2', 'bob', 's3'])
})
