import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { inTurns } from './in-turns.ts'

class FakeSocket extends EventEmitter {
  destroyed = false
  writableEnded = false
  isReading = true
  pause = () => {
    this.isReading = false
  }
  resume = () => {
    this.isReading = true
  }
  destroy = () => {
    this.destroyed = true
    this.emit('close')
  }
}

function makeListener() {
  const begun: number[] = []
  const answers = new Map<number, EventEmitter>()
  const tooMany: unknown[] = []
  const listen = inTurns(
    (request) => void begun.push((request as unknown as { n: number }).n),
    (socket) => void tooMany.push(socket),
  )
  const ask = (n: number, socket = new FakeSocket()) => {
    const request = { n, socket, destroyed: false }
    const headers: Record<string, string> = {}
    const setHeader = (name: string, value: string) => Object.assign(headers, { [name]: value })
    const response = Object.assign(new EventEmitter(), { req: request, setHeader })
    answers.set(n, response)
    listen(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    return { socket, headers }
  }
  return { begun, tooMany, ask, answer: (n: number) => answers.get(n)?.emit('close') }
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

test('the requests of connections that have gone are not served, and take no turn of others', async () => {
  const { begun, ask } = makeListener()
  const asked = upTo(30).map((n) => ask(n))
  for (const { socket } of asked.slice(8, 20)) socket.destroy()
  await turn()
  expect(begun).toEqual([...upTo(8), ...upTo(28).slice(20)])
})

test('a connection has one request answered at a time, is not read while another waits, and is read for the body of the last', () => {
  const { begun, ask, answer } = makeListener()
  const { socket } = ask(1)
  expect(socket.isReading).toBe(true)
  for (const n of [2, 3]) ask(n, socket)
  expect(begun).toEqual([1])
  expect(socket.isReading).toBe(false)
  socket.resume()
  socket.emit('drain')
  expect(socket.isReading).toBe(false)
  answer(1)
  expect(begun).toEqual([1, 2])
  expect(socket.isReading).toBe(false)
  answer(2)
  expect(begun).toEqual([1, 2, 3])
  expect(socket.isReading).toBe(true)
})

test('what waits behind an answer that ends the connection is never begun', () => {
  const { begun, ask, answer } = makeListener()
  const { socket } = ask(1)
  ask(2, socket)
  socket.writableEnded = true
  answer(1)
  ask(3, socket)
  expect(begun).toEqual([1])
})

test('a connection with too many pipelined requests ends after those that waited, and at once when it goes on', () => {
  const { begun, tooMany, ask, answer } = makeListener()
  const { socket } = ask(1)
  const waiting = upTo(64).map((n) => ask(n + 1, socket))
  expect(tooMany).toEqual([])
  ask(66, socket)
  expect(tooMany).toEqual([socket])
  expect(waiting.at(-1)?.headers).toEqual({ Connection: 'close' })
  for (const n of upTo(8)) answer(n)
  expect(begun).toEqual(upTo(8))
  for (const n of upTo(64)) ask(66 + n, socket)
  expect(socket.destroyed).toBe(true)
  expect(tooMany).toEqual([socket])
})

test('connections together keep a bounded number of waiting requests, and room comes back when they leave', () => {
  const { ask, tooMany } = makeListener()
  const crowd = upTo(200).map(() => new FakeSocket())
  for (const socket of crowd) for (const n of upTo(51)) ask(n, socket)
  expect(tooMany).toEqual([])
  const { socket: late } = ask(1)
  ask(2, late)
  expect(late.destroyed).toBe(true)
  for (const socket of crowd) socket.destroy()
  const { socket: later } = ask(1)
  ask(2, later)
  expect(later.destroyed).toBe(false)
})
