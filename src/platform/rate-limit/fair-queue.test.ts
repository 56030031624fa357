import { expect, test, vi } from 'vitest'
import { FairQueue } from './fair-queue.ts'

const limits = { maxRunning: 2, maxWaiting: 3, maxWaitMs: 60_000 }

/** Works that end when they are told to, and the order in which they began. */
function makeWorks(queue: FairQueue) {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  return {
    begun,
    ask: (tenant: string, name: string, caller: 'user' | 'program' = 'program') =>
      queue.run(tenant, caller, async () => {
        begun.push(name)
        await new Promise<void>((resolve) => void ends.set(name, resolve))
        return name
      }),
    end: async (name: string) => {
      ends.get(name)?.()
      await vi.waitFor(() => undefined)
    },
  }
}

test('runs one of a tenant at a time, as many in all as may, and tenants in turn', async () => {
  const { begun, ask, end } = makeWorks(new FairQueue(limits))
  const asked = [ask('a', 'a1'), ask('a', 'a2'), ask('a', 'a3'), ask('b', 'b1'), ask('b', 'b2'), ask('c', 'c1')]
  await vi.waitFor(() => expect(begun).toEqual(['a1', 'b1']))
  for (const name of ['a1', 'b1', 'c1', 'a2', 'b2', 'a3']) {
    await vi.waitFor(() => expect(begun).toContain(name))
    await end(name)
  }
  expect(await Promise.all(asked)).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'c1'])
  expect(begun).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
})

test('refuses a tenant that has too many waiting, and nobody else; users wait apart from programs, and start first', async () => {
  const { begun, ask, end } = makeWorks(new FairQueue(limits))
  const asked = ['a1', 'a2', 'a3', 'a4'].map((name) => ask('a', name))
  await expect(ask('a', 'a5')).rejects.toMatchObject({ code: 'rate_limited', headers: { 'Retry-After': '1' } })
  asked.push(ask('a', 'user', 'user'), ask('b', 'b1'))
  await vi.waitFor(() => expect(begun).toEqual(['a1', 'b1']))
  await end('a1')
  await vi.waitFor(() => expect(begun).toEqual(['a1', 'b1', 'user']))
  for (const name of ['b1', 'user', 'a2', 'a3', 'a4']) {
    await vi.waitFor(() => expect(begun).toContain(name))
    await end(name)
  }
  expect(await Promise.all(asked)).toHaveLength(6)
})

test('gives up work whose turn does not come in time, and goes on when a work fails', async () => {
  const queue = new FairQueue({ ...limits, maxRunning: 1, maxWaitMs: 5 })
  const { begun, ask, end } = makeWorks(queue)
  const first = ask('a', 'a1')
  await expect(ask('a', 'late')).rejects.toMatchObject({ code: 'rate_limited' })
  await expect(ask('b', 'late too')).rejects.toMatchObject({ code: 'rate_limited' })
  await end('a1')
  await first
  await expect(queue.run('a', 'program', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  expect(await queue.run('a', 'program', async () => 'well')).toBe('well')
  expect(begun).toEqual(['a1'])
})
