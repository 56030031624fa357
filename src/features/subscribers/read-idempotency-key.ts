import { AppError } from '../../platform/errors.ts'

/**
 * The value of an `Idempotency-Key` header, bare or as a quoted string (draft-ietf-httpapi-idempotency-key-header); null without one.
 * @throws AppError `invalid_request` unless it has 1 to 255 printable ASCII characters.
 */
export function readIdempotencyKey(header: string | undefined): string | null {
  if (header === undefined) return null
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header.trim())
  const key = quoted ? (quoted[1] ?? '').replace(/\\(.)/g, '$1') : header.trim()
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new AppError('invalid_request', 'Idempotency-Key takes 1 to 255 printable ASCII characters.')
  }
  return key
}
