import { expect, test } from 'vitest'
import { AppError } from '../errors.ts'
import { GroupedCalls } from './grouped-calls.ts'

/** Calls whose answers wait until they are let go. */
function makeCalls(maxItems: number) {
  const groups: number[][] = []
  const waiting: (() => void)[] = []
  const calls = new GroupedCalls<number, number>(
    async (items) => {
      groups.push(items)
      await new Promise<void>((resolve) => waiting.push(resolve))
      if (items.includes(13)) throw new Error('unlucky')
      return items.map((item) => item * 2)
    },
    { maxItems, maxRunning: 1 },
  )
  const tick = () => new Promise((resolve) => setImmediate(resolve))
  return { calls, groups, letGo: () => waiting.shift()?.(), tick }
}

test('calls of one turn go together, and those that come meanwhile go in the next, each with its own answer', async () => {
  const { calls, groups, letGo, tick } = makeCalls(10)
  const first = [calls.call('a', 1), calls.call('a', 2)]
  await tick()
  const second = [calls.call('a', 3), calls.call('a', 4), calls.call('a', 5)]
  await tick()
  expect(groups).toEqual([[1, 2]])
  letGo()
  expect(await Promise.all(first)).toEqual([2, 4])
  await tick()
  letGo()
  expect(await Promise.all(second)).toEqual([6, 8, 10])
  expect(groups).toEqual([
    [1, 2],
    [3, 4, 5],
  ])
})

test('a group has its limit, and groups do not wait for each other', async () => {
  const { calls, groups, letGo, tick } = makeCalls(2)
  const all = [calls.call('a', 1), calls.call('a', 2), calls.call('a', 3), calls.call('b', 4)]
  await tick()
  expect(groups).toEqual([[1, 2], [4]])
  for (let i = 0; i < 4; i++) {
    letGo()
    await tick()
  }
  expect(await Promise.all(all)).toEqual([2, 4, 6, 8])
})

test('a failure reaches all of its group and nobody else', async () => {
  const { calls, letGo, tick } = makeCalls(10)
  const unlucky = [calls.call('a', 13), calls.call('a', 14)]
  await tick()
  const lucky = calls.call('a', 15)
  letGo()
  const settled = await Promise.allSettled(unlucky)
  expect(settled.map((one) => one.status)).toEqual(['rejected', 'rejected'])
  await tick()
  letGo()
  expect(await lucky).toBe(30)
})

test('when the database is away, those who wait behind the call that found it are told at once too', async () => {
  let calls = 0
  const grouped = new GroupedCalls<number, number>(
    async () => {
      calls += 1
      await new Promise((resolve) => setImmediate(resolve))
      throw new AppError('unavailable', 'It is away.')
    },
    { maxItems: 1, maxRunning: 1 },
  )
  const answers = await Promise.allSettled([1, 2, 3].map((item) => grouped.call('a', item)))
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(calls).toBe(1)
})

/** Calls that say when they begin and end when they are told to. */
function makeSlowCalls(options: { maxRunning: number; minItemsBeside?: number; maxRunningInAll?: number }) {
  const begun: number[][] = []
  const ending: (() => void)[] = []
  const calls = new GroupedCalls<number, number>(
    async (items) => {
      begun.push(items)
      await new Promise<void>((resolve) => ending.push(resolve))
      return items
    },
    { maxItems: 10, ...options },
  )
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return { calls, begun, endFirst: () => ending.shift()?.(), turn }
}

test('a second call of a group begins beside the first only where enough wait for it', async () => {
  const { calls, begun, endFirst, turn } = makeSlowCalls({ maxRunning: 2, minItemsBeside: 3 })
  const all = [calls.call('a', 1)]
  await turn()
  all.push(calls.call('a', 2), calls.call('a', 3))
  await turn()
  expect(begun).toEqual([[1]])
  all.push(calls.call('a', 4))
  await turn()
  expect(begun).toEqual([[1], [2, 3, 4]])
  all.push(...[5, 6, 7, 8].map((item) => calls.call('a', item)))
  await turn()
  expect(begun).toHaveLength(2)
  for (let i = 0; i < 3; i++) {
    endFirst()
    await turn()
  }
  expect(await Promise.all(all)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(begun).toEqual([[1], [2, 3, 4], [5, 6, 7, 8]])
})

test('where as many calls run as may, groups take turns and gather until their own has come', async () => {
  const { calls, begun, endFirst, turn } = makeSlowCalls({ maxRunning: 1, maxRunningInAll: 1 })
  const all = [calls.call('a', 1), calls.call('b', 2), calls.call('c', 3)]
  await turn()
  all.push(calls.call('a', 4), calls.call('b', 5))
  for (let i = 0; i < 4; i++) {
    endFirst()
    await turn()
  }
  expect(await Promise.all(all)).toEqual([1, 2, 3, 4, 5])
  expect(begun).toEqual([[1], [2, 5], [3], [4]])
})

test('the next call begins before those of the last are answered, a few at a time, with others in between', async () => {
  const { calls, begun, endFirst, turn } = makeSlowCalls({ maxRunning: 1 })
  let answered = 0
  for (let item = 0; item < 10; item++) void calls.call('a', item).then(() => (answered += 1))
  await turn()
  void calls.call('a', 10)
  await turn()
  endFirst()
  const seen: [number, number][] = []
  for (let i = 0; i < 4; i++) {
    await turn()
    seen.push([begun.length, answered])
  }
  expect(seen).toEqual([
    [2, 0],
    [2, 8],
    [2, 10],
    [2, 10],
  ])
})
