import type { Context as HonoContext } from 'hono'
import { AppError, fieldError } from '../errors.ts'
import type { AppEnv } from './app-env.ts'

const notSaved =
  'This is what you typed before you were signed out. It has not been saved yet: check it and send the form again.'

/**
 * A form that came back from before the sign-in is shown, never done: the user has not seen it since.
 * @throws AppError `validation_failed` for such a form, beside `field` where one is named.
 */
export function refuseCarried(c: HonoContext<AppEnv>, field?: string): void {
  if (!c.var.isCarried) return
  throw field === undefined ? new AppError('validation_failed', notSaved) : fieldError(field, 'refused', notSaved)
}
