import { AppError } from '../../platform/errors.ts'
import { looksLikeApiKey } from './api-key-secret.ts'

const challenge = 'Bearer realm="queueup"'
const invalidRequestChallenge = `${challenge}, error="invalid_request"`

/**
 * The one Bearer token of a request, from its raw headers (Node keeps only the first of two) and its query string.
 * @throws AppError `invalid_request` for a key in the address, two credentials or a malformed one; `unauthenticated` for none.
 */
export function readCredential(rawHeaders: readonly string[], query: URLSearchParams): string {
  for (const [name, value] of query) {
    if (name === 'api_key' || name === 'access_token' || looksLikeApiKey(value.trim())) {
      throw refuse(
        'An API key never belongs in an address, where logs keep it: send it as "Authorization: Bearer …". Revoke a key that was sent so.',
      )
    }
  }
  const credentials = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'authorization')
  if (credentials.length > 1) throw refuse('Send one Authorization header, not several.')
  const [scheme = '', ...tokens] = (credentials[0] ?? '').trim().split(/[ \t]+/)
  if (scheme.toLowerCase() !== 'bearer') {
    throw new AppError('unauthenticated', 'Send an API key as "Authorization: Bearer qu_live_…".', {
      headers: { 'WWW-Authenticate': challenge },
    })
  }
  const [token] = tokens
  if (tokens.length !== 1 || !token) throw refuse('"Authorization: Bearer" takes exactly one API key.')
  return token
}

function refuse(detail: string): AppError {
  return new AppError('invalid_request', detail, { headers: { 'WWW-Authenticate': invalidRequestChallenge } })
}
