import type { Readable } from 'node:stream'
import type { Context as HonoContext } from 'hono'
import type { Downloads } from '../downloads.ts'
import type { AppEnv } from './app-env.ts'
import { pageHeaders } from './render-page.tsx'
import { sendPieces } from './send-pieces.ts'

/** Answers an archive for the browser to keep, as it is made. `name` without its ending. */
export function sendZip(c: HonoContext<AppEnv>, downloads: Downloads, name: string, archive: Readable): Response {
  for (const [header, value] of Object.entries(pageHeaders(c.var.meta.requestId))) c.header(header, value)
  c.header('Content-Type', 'application/zip')
  c.header('Content-Disposition', `attachment; filename="${name}.zip"`)
  return sendPieces(c, archive, { pace: downloads.pace, placeIn: { downloads, kind: 'archive' } })
}
