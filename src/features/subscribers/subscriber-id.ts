import { AppError } from '../../platform/errors.ts'

/** The id in an address as a number. @throws AppError `not_found` for what is no id. */
export function parseSubscriberId(text: string): number {
  if (!/^[1-9][0-9]{0,14}$/.test(text)) throw new AppError('not_found', 'There is no such person on this waitlist.')
  return Number(text)
}
