import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inTurns } from './in-turns.ts'

function makeListener() {
  const begun: number[] = []
  const gone = new Set<number>()
  const listen = inTurns((request) => void begun.push((request as unknown as { n: number }).n))
  const ask = (n: number) => {
    const request = Object.assign(new EventEmitter(), { n })
    Object.defineProperty(request, 'destroyed', { get: () => gone.has(n) })
    listen(request as unknown as IncomingMessage, {} as ServerResponse)
  }
  return { begun, gone, ask }
}

const upTo = (last: number) => Array.from({ length: last }, (_, n) => n + 1)

test('a few requests are begun at once, and the others in later turns, in the order in which they came', async () => {
  const { begun, ask } = makeListener()
  for (const n of upTo(20)) ask(n)
  expect(begun).toEqual(upTo(8))
  await turn()
  expect(begun).toEqual(upTo(16))
  ask(21)
  expect(begun).toEqual(upTo(16))
  await turn()
  expect(begun).toEqual(upTo(21))
})

test('after a rest a request is begun at once', async () => {
  const { begun, ask } = makeListener()
  for (const n of upTo(9)) ask(n)
  for (let i = 0; i < 4; i++) await turn()
  ask(10)
  expect(begun).toEqual(upTo(10))
})

test('whoever has gone before their turn is not served', async () => {
  const { begun, gone, ask } = makeListener()
  for (const n of upTo(10)) ask(n)
  gone.add(9)
  await turn()
  expect(begun).toEqual([...upTo(8), 10])
})
