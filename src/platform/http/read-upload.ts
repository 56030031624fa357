import type { Context as HonoContext } from 'hono'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'
import { clientSharesOf } from './client-shares.ts'

const maxHeadBytes = 8 * 1024
/** A connection over which nothing comes for so long is given up. */
const idleMs = 60_000

export interface Upload {
  /** As the browser names it; '' where no file was chosen. */
  name: string
  bytes: AsyncGenerator<Buffer>
  /** Lets what is left of the body go by: a browser reads no answer before it has sent everything. */
  drain(): Promise<void>
}

/**
 * The one file of a form that holds nothing else, piece by piece as it comes in.
 * @throws AppError `unsupported_media_type`, `invalid_request`, `rate_limited`, `unavailable`; while it is read, `invalid_request` for an upload that breaks off.
 */
export async function readUpload(c: HonoContext<AppEnv>): Promise<Upload> {
  const type = c.req.header('content-type') ?? ''
  const boundary = /^multipart\/form-data\s*;.*\bboundary="?([^";]+)/i.exec(type)?.[1]
  if (!boundary || boundary.length > 70)
    throw new AppError('unsupported_media_type', 'Send the form as multipart/form-data.')
  const { incoming } = c.env
  clientSharesOf(incoming)?.takeUpload(incoming)
  incoming.setTimeout(idleMs, () => incoming.destroy())
  const pieces = incoming[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const malformed = () => new AppError('invalid_request', 'The form is malformed, or broke off.')

  // A line break in front, so that the first boundary looks like all others.
  let text: Buffer = Buffer.from('\r\n')
  const more = async () => {
    const { value, done } = await pieces.next().catch(() => {
      throw malformed()
    })
    if (done) throw malformed()
    text = text.length === 0 ? value : Buffer.concat([text, value])
  }
  while (!text.includes('\r\n\r\n')) {
    if (text.length > maxHeadBytes) throw malformed()
    await more()
  }
  const headEnd = text.indexOf('\r\n\r\n')
  const head = text.subarray(0, headEnd).toString('utf8')
  const disposition = /^content-disposition:\s*form-data;.*$/im.exec(head)?.[0] ?? ''
  const name = /\bfilename="([^"]*)"/i.exec(disposition)?.[1]
  if (!head.startsWith(`\r\n--${boundary}\r\n`) || name === undefined) throw malformed()
  text = text.subarray(headEnd + 4)

  const closing = Buffer.from(`\r\n--${boundary}`)
  async function* bytes(): AsyncGenerator<Buffer> {
    // An empty file has its closing boundary right after the head's own line break.
    for (;;) {
      const end = text.indexOf(closing)
      if (end >= 0) {
        yield text.subarray(0, end)
        return
      }
      // The last few bytes may be the beginning of the boundary.
      const sure = Math.max(0, text.length - closing.length + 1)
      if (sure > 0) yield text.subarray(0, sure)
      text = text.subarray(sure)
      await more()
    }
  }
  const drain = async () => {
    while (!(await pieces.next().catch(() => ({ done: true }))).done);
  }
  // Browsers write a quotation mark so.
  return { name: name.replaceAll('%22', '"'), bytes: bytes(), drain }
}
