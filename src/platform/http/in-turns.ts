import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ClientShares } from './client-shares.ts'
import { PrefixTurns } from './prefix-turns.ts'

/** Requests begun in one turn of the event loop. */
const perTurn = 8

/**
 * How many pipelined requests of one connection are kept while an earlier one is answered. Node parses all that lies in one
 * read of 64 KB before it stops, which may be thousands of requests.
 */
const mostWaiting = 64

/** Node's own marks of a connection that it stops reading: its parser undoes a plain pause(). */
type PausableSocket = Socket & { _paused?: boolean; parser?: { resume(): void } | null }

interface Pair {
  request: IncomingMessage
  response: ServerResponse
}

/** A pipelined request, and the client in whose share it is counted. */
interface Pipelined extends Pair {
  countedFor: string | null | undefined
}

/** The requests of one connection: one is answered, or awaits its turn; those behind it wait, and nothing more is read. */
interface Line {
  socket: PausableSocket
  isBusy: boolean
  /** The one that awaits its turn. */
  head: Pair | undefined
  waiting: Pipelined[]
  /** Requests past the limit. They are never begun. */
  refused: Pipelined[]
  isWatched: boolean
  isPaused: boolean
}

/**
 * A listener that begins one request of a connection at a time, and few in each turn of the event loop, so that other work
 * (answers of the database above all) runs in between. Requests that have to wait begin in turns of their clients.
 * A connection with too many pipelined requests is closed: after the answers to those that waited, or at once if it goes on
 * or its client's share is taken.
 */
export function inTurns(listener: RequestListener, clients: ClientShares): RequestListener {
  const lines = new WeakMap<Socket, Line>()
  // The requests of a connection that has gone are not served, and take nobody's turn.
  const turns = new PrefixTurns<Line>(({ head, socket }) => !socket.destroyed && !head?.request.destroyed)
  let begun = 0

  const begin = (line: Line, request: IncomingMessage, response: ServerResponse) => {
    begun += 1
    response.on('close', onAnswered)
    // A body may still have to come, and what comes next pauses the connection again.
    if (line.isPaused && line.waiting.length === 0 && line.refused.length === 0) resume(line)
    listener(request, response)
  }

  const beginSome = () => {
    begun = 0
    while (begun < perTurn) {
      const line = turns.take()
      if (!line) break
      const { head } = line
      line.head = undefined
      if (head) begin(line, head.request, head.response)
    }
    if (begun > 0) setImmediate(beginSome)
  }

  const beginInTurn = (line: Line, request: IncomingMessage, response: ServerResponse) => {
    line.isBusy = true
    if (begun === 0) setImmediate(beginSome)
    if (begun < perTurn && turns.isEmpty) {
      begin(line, request, response)
      return
    }
    line.head = { request, response }
    turns.add(clients.addressOf(request), line)
  }

  const letGo = ({ countedFor }: Pipelined) => {
    if (countedFor !== undefined) clients.giveBackPipelined(countedFor)
  }

  function onAnswered(this: ServerResponse) {
    const line = lines.get(this.req.socket)
    if (!line) return
    line.isBusy = false
    // An answer with "Connection: close" has ended it already.
    if (line.waiting.length === 0 || line.socket.destroyed || line.socket.writableEnded) return
    const next = line.waiting.shift()
    if (!next) return
    letGo(next)
    beginInTurn(line, next.request, next.response)
  }

  const wait = (line: Line, request: IncomingMessage, response: ServerResponse) => {
    if (!line.isWatched) watch(line)
    pause(line)
    // The limits on connections bound the first ones: whatever others hold, each connection has room for one.
    const isFirst = line.waiting.length === 0 && line.refused.length === 0
    const countedFor = isFirst ? undefined : clients.addressOf(request)
    if (countedFor !== undefined && !clients.takePipelined(countedFor)) {
      line.socket.destroy()
      return
    }
    const pipelined = { request, response, countedFor }
    if (line.refused.length === 0 && line.waiting.length < mostWaiting) {
      line.waiting.push(pipelined)
      return
    }
    // A refused request stays in memory, and is counted, for as long as the connection is open.
    line.refused.push(pipelined)
    if (line.refused.length === 1) {
      clients.note('pipelined', clients.addressOf(request))
      line.waiting.at(-1)?.response.setHeader('Connection', 'close')
    }
    if (line.refused.length > mostWaiting) line.socket.destroy()
  }

  const watch = (line: Line) => {
    line.isWatched = true
    line.socket.on('drain', () => line.isPaused && pause(line))
    line.socket.on('close', () => {
      for (const pipelined of [...line.waiting, ...line.refused]) letGo(pipelined)
      line.waiting = []
      line.refused = []
    })
  }

  return (request, response) => {
    const { socket } = request
    // Nobody would get the answer to what comes behind "Connection: close".
    if (socket.destroyed || socket.writableEnded) return
    let line = lines.get(socket)
    if (!line) {
      line = makeLine(socket)
      lines.set(socket, line)
    }
    if (line.isBusy) wait(line, request, response)
    else beginInTurn(line, request, response)
  }
}

function makeLine(socket: Socket): Line {
  return {
    socket,
    isBusy: false,
    head: undefined,
    waiting: [],
    refused: [],
    isWatched: false,
    isPaused: false,
  }
}

/** Also after Node has resumed it, as it does when the client has taken a part of an answer. */
function pause(line: Line): void {
  line.isPaused = true
  line.socket._paused = true
  line.socket.pause()
}

function resume(line: Line): void {
  line.isPaused = false
  line.socket._paused = false
  line.socket.parser?.resume()
  line.socket.resume()
}
