import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ClientShares, clientLimits } from './client-shares.ts'
import { inTurns } from './in-turns.ts'

class FakeSocket extends EventEmitter {
  readonly remoteAddress: string
  constructor(remoteAddress = '192.0.2.1') {
    super()
    this.remoteAddress = remoteAddress
  }
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
  const tooMany: (string | null | undefined)[] = []
  class Shares extends ClientShares {
    override note(kind: string, ip: string | null | undefined) {
      if (kind === 'pipelined') tooMany.push(ip)
    }
  }
  const listen = inTurns(
    (request) => void begun.push((request as unknown as { n: number }).n),
    new Shares(['198.51.100.1'], undefined),
  )
  const ask = (n: number, socket = new FakeSocket(), sent: Record<string, string> = {}) => {
    const request = { n, socket, destroyed: false, headers: sent }
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
  expect(tooMany).toEqual(['192.0.2.1'])
  expect(waiting.at(-1)?.headers).toEqual({ Connection: 'close' })
  for (const n of upTo(8)) answer(n)
  expect(begun).toEqual(upTo(8))
  for (const n of upTo(64)) ask(66 + n, socket)
  expect(socket.destroyed).toBe(true)
  expect(tooMany).toEqual(['192.0.2.1'])
})

/** Connections that take the whole share of an address: of each, one request is answered, one waits, and 25 more are counted. */
function takeShare(ask: ReturnType<typeof makeListener>['ask'], address: string) {
  const sockets = upTo(clientLimits.pipelined.each / 25).map(() => new FakeSocket(address))
  for (const socket of sockets) for (const _ of upTo(27)) ask(0, socket)
  return sockets
}
/** Whether a new connection of an address may have two requests wait. */
function hasRoom(ask: ReturnType<typeof makeListener>['ask'], address: string) {
  const socket = new FakeSocket(address)
  for (const n of upTo(3)) ask(-n, socket)
  const found = !socket.destroyed
  socket.destroy()
  return found
}

test('an address that has its share of waiting requests has no more, and others have theirs', () => {
  const { ask, tooMany } = makeListener()
  const flood = takeShare(ask, '192.0.2.1')
  expect(flood.some(({ destroyed }) => destroyed)).toBe(false)
  expect([hasRoom(ask, '192.0.2.1'), hasRoom(ask, '192.0.2.2')]).toEqual([false, true])
  expect(tooMany).toEqual(['192.0.2.1'])
})

test('each connection has room for one waiting request, whatever others of its address hold', () => {
  const { ask } = makeListener()
  takeShare(ask, '192.0.2.1')
  const { socket } = ask(1)
  ask(2, socket)
  expect(socket.destroyed).toBe(false)
  ask(3, socket)
  expect(socket.destroyed).toBe(true)
})

test('room comes back when connections close, and when what waited is begun', async () => {
  const { begun, ask, answer } = makeListener()
  const flood = takeShare(ask, '192.0.2.1')
  expect(hasRoom(ask, '192.0.2.1')).toBe(false)
  flood[0]?.destroy()
  expect(hasRoom(ask, '192.0.2.1')).toBe(true)
  const { socket } = ask(1)
  for (const n of upTo(26)) ask(n + 1, socket)
  expect([socket.destroyed, hasRoom(ask, '192.0.2.1')]).toEqual([false, false])
  for (const n of upTo(2)) {
    while (!begun.includes(n)) await turn()
    answer(n)
  }
  expect(hasRoom(ask, '192.0.2.1')).toBe(true)
})

test('whatever a network has waiting, the next request of another begins after one of them', async () => {
  const { begun, ask } = makeListener()
  for (const n of upTo(300)) ask(n, new FakeSocket(`192.0.2.${n % 100}`))
  ask(301, new FakeSocket('203.0.113.1'))
  await turn()
  expect(begun.indexOf(301)).toBeLessThanOrEqual(9)
})

test('on the connections of a trusted proxy the clients behind it take turns', async () => {
  const { begun, ask } = makeListener()
  const from = (address: string) => ({ 'x-forwarded-for': address })
  for (const n of upTo(300)) ask(n, new FakeSocket('198.51.100.1'), from('192.0.2.1'))
  ask(301, new FakeSocket('198.51.100.1'), from('192.0.2.2'))
  await turn()
  expect(begun.indexOf(301)).toBeLessThanOrEqual(9)
})
