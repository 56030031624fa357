import type { Context as HonoContext } from 'hono'
import { AppError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'
import { readBody } from './read-body.ts'

const maxBytes = 256 * 1024

/** A form as it was sent. A name that comes several times, but for ticked boxes, is no form of ours. */
export interface SentForm {
  text(name: string): string
  /** The values of the boxes that were ticked. */
  list(name: string): string[]
}

/** @throws AppError `unsupported_media_type`, `payload_too_large` or `invalid_request`. */
export async function readForm(c: HonoContext<AppEnv>): Promise<SentForm> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  const body = await readBody(c.env.incoming, maxBytes)
  if (type !== 'application/x-www-form-urlencoded') {
    if (body.length === 0) return { text: () => '', list: () => [] }
    throw new AppError('unsupported_media_type', 'Send the form as application/x-www-form-urlencoded.')
  }
  const fields = new URLSearchParams(body.toString('utf8'))
  // Nobody types a NUL, and the database cannot store one.
  if (fields.toString().includes('%00')) throw new AppError('invalid_request', 'The form holds a NUL character.')
  return {
    text(name) {
      const values = fields.getAll(name)
      if (values.length > 1) throw new AppError('invalid_request', `The field ${name} was sent more than once.`)
      return values[0] ?? ''
    },
    list: (name) => fields.getAll(name),
  }
}
