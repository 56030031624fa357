import type { Context as HonoContext } from 'hono'
import type { AppEnv } from './app-env.ts'
import { pageHeaders } from './render-page.tsx'
import { sendPieces } from './send-pieces.ts'

const types = {
  csv: 'text/csv; charset=utf-8; header=present',
  jsonl: 'application/jsonl; charset=utf-8',
}

/** Answers a file for the browser to keep, piece by piece as the reader takes it. `name` without its ending. */
export async function sendFile(
  c: HonoContext<AppEnv>,
  name: string,
  type: keyof typeof types,
  pieces: AsyncIterable<string>,
): Promise<Response> {
  const plain = name.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'queueup'
  for (const [header, value] of Object.entries(pageHeaders(c.var.meta.requestId))) c.header(header, value)
  c.header('Content-Type', types[type])
  c.header('Content-Disposition', `attachment; filename="${plain}.${type}"`)
  return sendPieces(c, toBytes(pieces))
}

async function* toBytes(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const piece of pieces) yield encoder.encode(piece)
}
