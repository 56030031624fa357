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
