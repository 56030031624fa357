import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

/** Requests begun in one turn of the event loop. */
const perTurn = 8

/**
 * A listener that begins a few requests in each turn of the event loop, in the order in which they came. Where many come at
 * once, what else is to be done (answers of the database above all) has its turn in between, not after all of them.
 */
export function inTurns(listener: RequestListener): RequestListener {
  const waiting: { request: IncomingMessage; response: ServerResponse }[] = []
  let begun = 0
  const beginSome = () => {
    begun = 0
    for (const { request, response } of waiting.splice(0, perTurn)) {
      begun += 1
      // Whoever has gone meanwhile is not served.
      if (!request.destroyed) listener(request, response)
    }
    if (begun > 0) setImmediate(beginSome)
  }
  return (request, response) => {
    if (begun === perTurn) {
      waiting.push({ request, response })
      return
    }
    if (begun === 0) setImmediate(beginSome)
    begun += 1
    listener(request, response)
  }
}
