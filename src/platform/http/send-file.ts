import type { Context as HonoContext } from 'hono'
import type { Downloads } from '../downloads.ts'
import type { AppEnv } from './app-env.ts'
import { onClosed } from './on-closed.ts'
import { pageHeaders } from './render-page.tsx'
import { sendPieces } from './send-pieces.ts'

const types = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
}

/** A file for the browser to keep; its name without the ending. */
interface SentFile {
  name: string
  type: keyof typeof types
  pieces: AsyncIterable<string>
}

/**
 * Answers a file, piece by piece as the reader takes it, in one of the places for downloads.
 * @throws AppError `rate_limited`, `conflict` before anything is prepared.
 */
export async function sendFile(
  c: HonoContext<AppEnv>,
  downloads: Downloads,
  prepare: () => Promise<SentFile>,
): Promise<Response> {
  const place = await downloads.take(c.var.ctx)
  onClosed(c, () => void place.end())
  const { name, type, pieces } = await prepare()
  const plain = name.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'queueup'
  for (const [header, value] of Object.entries(pageHeaders(c.var.meta.requestId))) c.header(header, value)
  c.header('Content-Type', types[type])
  c.header('Content-Disposition', `attachment; filename="${plain}.${type}"`)
  const readPiece = <T>(read: () => Promise<T>) => downloads.readPiece(c.var.ctx, read)
  return sendPieces(c, toBytes(pieces), {
    pace: downloads.pace,
    placeIn: { downloads, kind: 'file' },
    readPiece,
    end: () => place.end(),
  })
}

async function* toBytes(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const piece of pieces) yield encoder.encode(piece)
}
