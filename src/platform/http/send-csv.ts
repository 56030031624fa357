import { ReadableStream as Stream } from 'node:stream/web'
import type { Context as HonoContext } from 'hono'
import type { AppEnv } from './app-env.ts'
import { pageHeaders } from './render-page.tsx'

/** Answers a CSV file for the browser to keep, piece by piece as the reader takes it. `name` without its ending. */
export async function sendCsv(c: HonoContext<AppEnv>, name: string, csv: AsyncIterable<string>): Promise<Response> {
  const plain = name.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'queueup'
  for (const [header, value] of Object.entries(pageHeaders(c.var.meta.requestId))) c.header(header, value)
  c.header('Content-Type', 'text/csv; charset=utf-8; header=present')
  c.header('Content-Disposition', `attachment; filename="${plain}.csv"`)
  return c.body(Stream.from(toBytes(csv)) as ReadableStream)
}

async function* toBytes(csv: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  for await (const piece of csv) yield encoder.encode(piece)
}
