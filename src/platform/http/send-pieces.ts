import { Readable } from 'node:stream'
import { ReadableStream as Stream } from 'node:stream/web'
import type { Context as HonoContext } from 'hono'
import type { DownloadKind, Downloads, Pace } from '../downloads.ts'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'
import { onClosed } from './on-closed.ts'
import { ReaderPace } from './reader-pace.ts'

/** Small enough that each slice taken shows how fast the reader is, whatever a piece holds. */
const sliceBytes = 64 * 1024

interface Sending {
  pace: Pace
  /** Where the reader may have to make room for others. */
  placeIn?: { downloads: Pick<Downloads, 'places' | 'paceWhileFull'>; kind: DownloadKind }
  /** Asks for a piece when it is its turn. */
  readPiece?: <T>(read: () => Promise<T>) => Promise<T>
  /** Called before the reader has the end of a whole answer. */
  end?: () => Promise<void>
}

/**
 * Answers with pieces, each asked for when the reader has taken the ones before; a reader who goes away ends the asking. What
 * breaks in the middle is logged, and cuts the answer off, so that nobody takes it for whole; so is a reader who is too slow.
 */
export function sendPieces(c: HonoContext<AppEnv>, pieces: AsyncIterable<Uint8Array>, sending: Sending): Response {
  const source = pieces[Symbol.asyncIterator]()
  const reading = { isOver: false }
  onClosed(c, () => {
    reading.isOver = true
    // An iterator that nobody has begun leaves its stream open.
    if (pieces instanceof Readable) pieces.destroy()
    else source.return?.().catch(() => undefined)
  })
  return c.body(Stream.from(send(c, source, sending, reading)) as ReadableStream)
}

async function* send(
  c: HonoContext<AppEnv>,
  source: AsyncIterator<Uint8Array>,
  sending: Sending,
  reading: { isOver: boolean },
) {
  const { ctx, meta } = c.var
  const { pace, placeIn, readPiece = (read) => read(), end } = sending
  const cutOff = (reason: string) => {
    ctx.log.info({ reason, request_id: meta.requestId }, 'a download was cut off')
    const { outgoing } = c.env
    // A reset also empties the kernel's buffers at once.
    if (outgoing.socket) outgoing.socket.resetAndDestroy()
    else outgoing.destroy()
  }
  const reader = new ReaderPace(pace, () => cutOff('the reader is too slow'))
  const whileFull = new ReaderPace(placeIn?.downloads.paceWhileFull ?? pace)
  const leave = placeIn?.downloads.places[placeIn.kind].add({
    leftMs: () => whileFull.leftMs,
    cutOff: () => cutOff('another download needs its place'),
  })
  const tooLong = setTimeout(() => cutOff('it takes too long'), pace.maxMs)
  try {
    for (;;) {
      const { done, value } = await readPiece(() => source.next())
      if (done) break
      for (let at = 0; at < value.length; at += sliceBytes) {
        const slice = value.subarray(at, at + sliceBytes)
        reader.wait()
        whileFull.wait()
        yield slice
        reader.took(slice.length)
        whileFull.took(slice.length)
      }
    }
    await end?.()
  } catch (error) {
    // The reader went away while a piece was on its way: there is nothing to cut off.
    if (reading.isOver) return
    // Somebody who lost their role meanwhile, and a server that stops: as it should be.
    const isAbort = error instanceof Error && error.name === 'AbortError'
    const isForeseen = isAbort || error instanceof AppError || ctx.stopping?.aborted
    ctx.log[isForeseen ? 'info' : 'error']({ err: error, request_id: meta.requestId }, 'a file broke off on its way')
    c.env.outgoing.destroy()
  } finally {
    reader.stop()
    leave?.()
    clearTimeout(tooLong)
    await source.return?.()
  }
}
