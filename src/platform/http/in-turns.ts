import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests begun in one turn of the event loop. */
const perTurn = 8

/**
 * How many pipelined requests of one connection are kept while an earlier one is answered. Node parses all that lies in one
 * read of 64 KB before it stops, which may be thousands of requests.
 */
const mostWaiting = 64
/** The same for all connections of the process together, of some five kilobytes each. */
const mostWaitingInAll = 10_000

/** Node's own marks of a connection that it stops reading: its parser undoes a plain pause(). */
type PausableSocket = Socket & { _paused?: boolean; parser?: { resume(): void } | null }

interface Pair {
  request: IncomingMessage
  response: ServerResponse
}

/** The requests of one connection: one is answered, or awaits its turn; those behind it wait, and nothing more is read. */
interface Line {
  socket: PausableSocket
  isBusy: boolean
  /** The one that awaits its turn. */
  head: Pair | undefined
  /** Of the connections whose head awaits its turn, the one behind this. */
  behind: Line | undefined
  waiting: Pair[]
  /** Requests that waited when there was no room. They are never begun. */
  refused: number
  isWatched: boolean
  isPaused: boolean
}

/**
 * A listener that begins one request of a connection at a time, and few in each turn of the event loop, in the order in which
 * they came. Where many come at once, what else is to be done (answers of the database above all) has its turn in between.
 * A connection with too many pipelined requests is closed: after the answers to those that waited, or at once if it goes on.
 */
export function inTurns(listener: RequestListener, onTooMany: (socket: Socket) => void = () => undefined) {
  const lines = new WeakMap<Socket, Line>()
  let begun = 0
  let waitingInAll = 0
  // A linked list: to take the first is as cheap with ten thousand as with one.
  let first: Line | undefined
  let last: Line | undefined

  const begin = (line: Line, { request, response }: Pair) => {
    begun += 1
    response.on('close', onAnswered)
    // A body may still have to come, and what comes next pauses the connection again.
    if (line.isPaused && line.waiting.length === 0 && line.refused === 0) resume(line)
    listener(request, response)
  }

  const beginSome = () => {
    begun = 0
    while (first && begun < perTurn) {
      const line = first
      first = line.behind
      if (!first) last = undefined
      line.behind = undefined
      const { head } = line
      line.head = undefined
      // The requests of a connection that has gone are not served, and take nobody's turn.
      if (head && !head.request.destroyed && !line.socket.destroyed) begin(line, head)
    }
    if (begun > 0) setImmediate(beginSome)
  }

  const beginInTurn = (line: Line, pair: Pair) => {
    line.isBusy = true
    if (begun === 0) setImmediate(beginSome)
    if (begun < perTurn && !first) {
      begin(line, pair)
      return
    }
    line.head = pair
    if (last) last.behind = line
    else first = line
    last = line
  }

  function onAnswered(this: ServerResponse) {
    const line = lines.get(this.req.socket)
    if (!line) return
    line.isBusy = false
    // An answer with "Connection: close" has ended it already.
    if (line.waiting.length === 0 || line.socket.destroyed || line.socket.writableEnded) return
    const next = line.waiting.shift()
    waitingInAll -= 1
    if (next) beginInTurn(line, next)
  }

  const wait = (line: Line, pair: Pair) => {
    if (!line.isWatched) watch(line)
    pause(line)
    waitingInAll += 1
    if (line.refused === 0 && line.waiting.length < mostWaiting && waitingInAll <= mostWaitingInAll) {
      line.waiting.push(pair)
      return
    }
    line.refused += 1
    if (line.refused === 1) {
      onTooMany(line.socket)
      line.waiting.at(-1)?.response.setHeader('Connection', 'close')
    }
    // What is refused stays in memory for as long as the connection does.
    if (line.waiting.length === 0 || line.refused > mostWaiting) line.socket.destroy()
  }

  const watch = (line: Line) => {
    line.isWatched = true
    line.socket.on('drain', () => line.isPaused && pause(line))
    line.socket.on('close', () => {
      waitingInAll -= line.waiting.length + line.refused
      line.waiting = []
      line.refused = 0
    })
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request
    // Nobody would get the answer to what comes behind "Connection: close".
    if (socket.destroyed || socket.writableEnded) return
    let line = lines.get(socket)
    if (!line) {
      line = makeLine(socket)
      lines.set(socket, line)
    }
    if (line.isBusy) wait(line, { request, response })
    else beginInTurn(line, { request, response })
  }
}

function makeLine(socket: Socket): Line {
  return {
    socket,
    isBusy: false,
    head: undefined,
    behind: undefined,
    waiting: [],
    refused: 0,
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
