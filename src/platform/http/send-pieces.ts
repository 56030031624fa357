import { ReadableStream as Stream } from 'node:stream/web'
import type { Context as HonoContext } from 'hono'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'

/**
 * Answers with pieces, each asked for when the reader has taken the ones before; a reader who goes away ends the asking. What
 * breaks in the middle is logged, and cuts the answer off, so that nobody takes it for whole.
 */
export function sendPieces(c: HonoContext<AppEnv>, pieces: AsyncIterable<Uint8Array>): Response {
  return c.body(Stream.from(cutOffByErrors(c, pieces)) as ReadableStream)
}

async function* cutOffByErrors(c: HonoContext<AppEnv>, pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const { ctx, meta } = c.var
  try {
    yield* pieces
  } catch (error) {
    // Somebody who lost their role meanwhile or fell asleep, and a server that stops: as it should be.
    const isAbort = error instanceof Error && error.name === 'AbortError'
    const isForeseen = isAbort || error instanceof AppError || ctx.stopping?.aborted
    ctx.log[isForeseen ? 'info' : 'error']({ err: error, request_id: meta.requestId }, 'a file broke off on its way')
    c.env.outgoing.destroy()
  }
}
