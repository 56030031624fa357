import { expect, test } from 'vitest'
import { type ConnectionOrder, LoadCompaction, type ProcessLoad } from './load-compaction.ts'

type Load = Omit<ProcessLoad, 'takes'>

/** Processes that do as they are told before the next round. At first each takes connections. */
class ObedientProcesses {
  readonly #compaction = new LoadCompaction()
  #takes: boolean[] = []

  rounds(count: number, loads: Load[]): ConnectionOrder[] {
    let orders: ConnectionOrder[] = []
    for (let i = 0; i < count; i++) {
      orders = this.#compaction.round(loads.map((load, n) => ({ ...load, takes: this.#takes[n] ?? true })))
      this.#takes = orders.map(({ takes }) => takes)
    }
    return orders
  }

  /** Who takes connections after some rounds. */
  takers(count: number, loads: Load[]): boolean[] {
    return this.rounds(count, loads).map(({ takes }) => takes)
  }
}

const idle = { busy: 0.01, connections: 0 }

test('connections go to the first process alone while it has time for them', () => {
  const processes = new ObedientProcesses()
  expect(processes.rounds(50, [{ busy: 0.7, connections: 100 }, idle, idle])).toEqual([
    { takes: true, parts: 0 },
    { takes: false, parts: 0 },
    { takes: false, parts: 0 },
  ])
})

test('when it has no time left another joins, and gets its share of the connections that are open', () => {
  const processes = new ObedientProcesses()
  processes.rounds(1, [idle, idle, idle])
  const [first, second] = processes.rounds(1, [{ busy: 0.9, connections: 31 }, idle, idle])
  expect([first?.parts, second?.takes]).toEqual([15, true])
  const shared = [{ busy: 0.6, connections: 16 }, { busy: 0.6, connections: 15 }, idle]
  expect(processes.rounds(1, shared).map(({ parts }) => parts)).toEqual([0, 0, 0])
  expect(processes.takers(50, shared)).toEqual([true, true, false])
})

test('so it is where connections are many, however little they want', () => {
  const processes = new ObedientProcesses()
  processes.rounds(1, [idle, idle])
  expect(processes.takers(1, [{ busy: 0.1, connections: 5_000 }, idle])[1]).toBe(true)
})

test('of those at work, whoever holds more than its share takes no new ones', () => {
  const processes = new ObedientProcesses()
  processes.rounds(1, [{ busy: 0.9, connections: 10 }, idle])
  const one = { busy: 0.4, connections: 20 }
  const other = { busy: 0.4, connections: 4 }
  expect(processes.rounds(2, [one, other])).toEqual([
    { takes: false, parts: 0 },
    { takes: true, parts: 0 },
  ])
  expect(processes.takers(2, [other, one])).toEqual([true, false])
})

test('one that could be done without for a while takes no more, and parts with what it holds', () => {
  const processes = new ObedientProcesses()
  processes.rounds(1, [{ busy: 0.9, connections: 20 }, idle])
  const calm = [
    { busy: 0.2, connections: 10 },
    { busy: 0.2, connections: 10 },
  ]
  expect(processes.takers(9, calm)).toEqual([true, true])
  expect(processes.rounds(1, calm)).toEqual([
    { takes: true, parts: 0 },
    { takes: false, parts: 10 },
  ])
})

test('a moment without load does not count as a while', () => {
  const processes = new ObedientProcesses()
  processes.rounds(1, [{ busy: 0.9, connections: 20 }, idle])
  const both = (busy: number) => [
    { busy, connections: 10 },
    { busy, connections: 10 },
  ]
  for (let i = 0; i < 10; i++) {
    processes.rounds(9, both(0.1))
    expect(processes.takers(1, both(0.6))).toEqual([true, true])
  }
})

test('in place of one that is not heard of others take connections, as many as it takes to find one that is', () => {
  const processes = new ObedientProcesses()
  const silent = { busy: 0.1, connections: 40, silent: true }
  expect(processes.takers(2, [silent, idle, idle])).toEqual([false, true, false])
  expect(processes.takers(3, [silent, { ...silent, connections: 0 }, idle])).toEqual([false, false, true])
})

test('one that takes none may be silent, or busy with its start: nobody joins for that', () => {
  const first = { busy: 0.3, connections: 9 }
  for (const other of [
    { ...idle, silent: true },
    { ...idle, busy: 1 },
  ])
    expect(new ObedientProcesses().takers(3, [first, idle, other])).toEqual([true, false, false])
})

test('nobody stops taking connections before another has told that it takes some: the port is never closed', () => {
  const compaction = new LoadCompaction()
  const busy = { busy: 0.9, connections: 30, takes: true }
  for (let i = 0; i < 3; i++) expect(compaction.round([busy, { ...idle, takes: false }])[0]?.takes).toBe(true)
  expect(compaction.round([busy, { ...idle, takes: true }])[0]?.takes).toBe(false)
})

test('when a process dies, the next oldest is the first', () => {
  const processes = new ObedientProcesses()
  expect(processes.takers(2, [idle, idle])).toEqual([true, false])
  expect(new ObedientProcesses().takers(1, [idle])).toEqual([true])
  processes.rounds(1, [{ busy: 1, connections: 5 }, idle])
  expect(processes.takers(1, [{ busy: 1, connections: 5 }])).toEqual([true])
  expect(processes.rounds(1, [])).toEqual([])
})
