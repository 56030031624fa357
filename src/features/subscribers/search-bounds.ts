import { AppError } from '../../platform/errors.ts'

/** Up to this many subscribers are looked at one by one, which takes some 20 ms, and as many found are sorted. */
export const fewSubscribers = 20_000

/** The refusal of a text that is no email address and that the index cannot find, on a long waitlist. */
export function queryTooShort(): AppError {
  const detail =
    'This waitlist is long: search for at least three letters or digits in a row, such as "ada" or "example", or for a complete email address.'
  return new AppError('validation_failed', detail, { errors: [{ parameter: 'q', code: 'too_short', detail }] })
}
