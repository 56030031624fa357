import { expect, test, vi } from 'vitest'
import { AppError } from '../errors.ts'
import { FairQueue, type Turn } from './fair-queue.ts'

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

const refuse = (reason: string) => new AppError('unavailable', 'Later.', { headers: { 'Retry-After': reason } })

const stranger = (key: string) => ({ key, isPreferred: false })

const names = (key: string, count: number) => Array.from({ length: count }, (_, i) => `${key}${i + 1}`)

test('no more run at once than may, and the keys take turns', async () => {
  const queue = new FairQueue({ concurrency: 2, maxWaiting: 100, refuse })
  const { begun, work, endNext, hasMore } = makeWork()
  const all = [...names('a', 6), ...names('b', 2), 'c1'].map((name) => queue.run(stranger(name[0] ?? ''), work(name)))
  await new Promise((resolve) => setImmediate(resolve))
  expect(begun).toEqual(['a1', 'a2'])
  while (hasMore()) await endNext()
  expect(begun).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4', 'b2', 'a5', 'a6'])
  expect(await Promise.all(all)).toHaveLength(9)
})

test('past its bound the newest of the longest line is refused, not the last to come', async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 3, refuse })
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
    'a4 unavailable full',
    'a5 unavailable full',
    'a6 unavailable full',
    'b1',
  ])
})

test('work that fails gives its place to the next', async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 3, refuse })
  const failed = queue.run(stranger('a'), () => Promise.reject(new Error('broken')))
  const next = queue.run(stranger('a'), () => Promise.resolve('done'))
  await expect(failed).rejects.toThrow('broken')
  expect(await next).toBe('done')
})

test('known clients take turns with all strangers together, and are refused after them', async () => {
  const queue = new FairQueue({ concurrency: 1, maxWaiting: 4, refuse })
  const { begun, work, endNext, hasMore } = makeWork()
  const refused: string[] = []
  const run = (key: string, isPreferred: boolean) =>
    queue.run({ key, isPreferred }, work(key)).then(
      () => undefined,
      () => void refused.push(key),
    )
  const all = [...names('s', 5).map((key) => run(key, false)), run('ada', true), run('bob', true)]
  while (begun.length === 0 || hasMore()) await endNext()
  await Promise.all(all)
  expect(refused).toEqual(['s5', 's4'])
  expect(begun).toEqual(['s1', 'ada', 's2', 'bob', 's3'])
})

const searchLike = { concurrency: 2, concurrencyPerKey: 1, maxWaitingPerKey: 3, maxWaitMs: 60_000, refuse }

/** Work that ends when its name is told to, and the order in which it began. */
function makeNamedWork(queue: FairQueue) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    ask: (key: string, name: string, turn: Partial<Turn> = {}) =>
      queue.run({ key, isPreferred: true, ...turn }, async () => {
        begun.push(name)
        await new Promise<void>((resolve) => void ends.set(name, resolve))
        return name
      }),
    async end(name: string) {
      await vi.waitFor(() => expect(begun).toContain(name))
      ends.get(name)?.()
    },
  }
}

test('runs one of a key at a time, as many in all as may, and keys in turn', async () => {
  const { begun, ask, end } = makeNamedWork(new FairQueue(searchLike))
  const asked = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1'), ask('b', 'b2'), ask('c', 'c1')]
  await vi.waitFor(() => expect(begun).toEqual(['a1', 'b1']))
  for (const name of ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']) await end(name)
  expect(await Promise.all(asked)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'c1'])
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
})

test('refuses a key that has too many waiting, and no other; urgent work waits apart, and starts first', async () => {
  const { begun, ask, end } = makeNamedWork(new FairQueue(searchLike))
  const asked = ['a1', 'a2', 'a3', 'a4'].map((name) => ask('a', name))
  await expect(ask('a', 'a5')).rejects.toMatchObject({ code: 'unavailable', headers: { 'Retry-After': 'full' } })
  asked.push(ask('a', 'urgent', { isUrgent: true }), ask('b', 'b1'))
  await vi.waitFor(() => expect(begun).toEqual(['a1', 'b1']))
  await end('a1')
  await vi.waitFor(() => expect(begun).toEqual(['a1', 'b1', 'urgent']))
  for (const name of ['b1', 'urgent', 'a2', 'a3', 'a4']) await end(name)
  expect(await Promise.all(asked)).toHaveLength(6)
})

test('gives up work whose turn does not come in time, and goes on when work fails', async () => {
  const queue = new FairQueue({ ...searchLike, concurrency: 1, maxWaitMs: 5 })
  const { begun, ask, end } = makeNamedWork(queue)
  const first = ask('a', 'a1')
  const late = { code: 'unavailable', headers: { 'Retry-After': 'late' } }
  await expect(ask('a', 'late')).rejects.toMatchObject(late)
  await expect(ask('b', 'late too')).rejects.toMatchObject(late)
  await end('a1')
  await first
  const failed = queue.run({ key: 'a', isPreferred: true }, () => Promise.reject(new Error('broken')))
  await expect(failed).rejects.toThrow('broken')
  expect(await queue.run({ key: 'a', isPreferred: true }, async () => 'well')).toBe('well')
  expect(begun).toEqual(['a1'])
})

test('work of a caller that left gives its place to others, and leaves no timer or listener behind', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const queue = new FairQueue({ ...searchLike, concurrency: 1, maxWaitingPerKey: 1 })
    const [left, next] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const first = queue.run(stranger('a'), () => left.promise)
    const caller = new AbortController()
    const removed = vi.spyOn(caller.signal, 'removeEventListener')
    const waiting = queue.run({ ...stranger('a'), signal: caller.signal }, () => Promise.reject(new Error('began')))
    await expect(queue.run(stranger('a'), async () => 'refused')).rejects.toMatchObject({ code: 'unavailable' })
    caller.abort()
    const third = queue.run(stranger('a'), () => next.promise.then(() => 'third'))
    await expect(waiting).rejects.toMatchObject({ code: 'invalid_request' })
    const gone = { ...stranger('b'), signal: caller.signal }
    await expect(queue.run(gone, async () => 'began')).rejects.toMatchObject({ code: 'invalid_request' })
    expect(removed).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(1)
    left.resolve()
    next.resolve()
    expect([await first, await third]).toEqual([undefined, 'third'])
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('work that was started before its caller left goes on', async () => {
  const queue = new FairQueue({ ...searchLike, concurrency: 1 })
  const caller = new AbortController()
  const running = queue.run({ ...stranger('a'), signal: caller.signal }, async () => {
    caller.abort()
    return 'done'
  })
  expect(await running).toBe('done')
})
