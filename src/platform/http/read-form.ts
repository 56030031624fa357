import type { Context as HonoContext } from 'hono'
import { AppError } from '../errors.ts'
import type { SentForm } from '../sent-form.ts'
import type { AppEnv } from './app-env.ts'
import { readBody } from './read-body.ts'

/** Of somebody who is signed in. */
const maxBytes = 256 * 1024
/** Of a stranger, whose forms are a few fields. */
export const maxStrangersBytes = 16 * 1024
const maxFields = 1_000

/** The same however often it is asked for. @throws AppError `unsupported_media_type`, `payload_too_large` or `invalid_request`. */
export async function readForm(c: HonoContext<AppEnv>): Promise<SentForm> {
  const form = c.var.form ?? (await parseForm(c))
  c.set('form', form)
  return form
}

async function parseForm(c: HonoContext<AppEnv>): Promise<SentForm> {
  const type = (c.req.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  const isForm = type === 'application/x-www-form-urlencoded'
  const refuseType = () => new AppError('unsupported_media_type', 'Send the form as application/x-www-form-urlencoded.')
  // Before any of it is kept, where the headers tell.
  if (!isForm && Number(c.req.header('content-length') ?? 0) > 0) throw refuseType()
  const body = await readBody(c.env.incoming, c.var.person ? maxBytes : maxStrangersBytes)
  if (!isForm) {
    if (body.length === 0) return { text: () => '', list: () => [], entries: [] }
    throw refuseType()
  }
  const fields = new URLSearchParams(body.toString('utf8'))
  if (fields.size > maxFields) throw new AppError('invalid_request', `A form may have ${maxFields} fields at most.`)
  // Nobody types a NUL, and the database cannot store one.
  if (fields.toString().includes('%00')) throw new AppError('invalid_request', 'The form holds a NUL character.')
  return formOf([...fields])
}

/** A form with these fields. */
export function formOf(entries: [string, string][]): SentForm {
  const list = (name: string) => entries.filter(([one]) => one === name).map(([, value]) => value)
  return {
    text(name) {
      const values = list(name)
      if (values.length > 1) throw new AppError('invalid_request', `The field ${name} was sent more than once.`)
      return values[0] ?? ''
    },
    list,
    entries,
  }
}
