import { AppError } from '../../platform/errors.ts'

/** What the database said of a key that was presented: the SQL type `api_attempt`. */
export interface ApiKeyAttempt {
  outcome: 'ok' | 'unknown' | 'revoked' | 'asleep' | 'scope' | 'rate' | 'elsewhere'
  key_id: string
  key_name: string
  key_prefix: string
  scopes: string[]
  secret_version: string
  key_created_at: Date
  organisation_id: string
  organisation_name: string
  plan: string
  granted: number | null
  spare: number | null
  remaining: number | null
  retry_after: number | null
}

const invalidApiKeyChallenge =
  'Bearer realm="queueup", error="invalid_token", error_description="The API key is invalid or has been revoked"'

/** The one answer to every token that is not a live key (RFC 6750, section 3.1). */
export function invalidApiKey(): AppError {
  return new AppError(
    'invalid_api_key',
    'This is not a valid API key: it is mistyped, was never issued, or has been revoked. Create another on the API keys page.',
    { headers: { 'WWW-Authenticate': invalidApiKeyChallenge } },
  )
}

/** @throws AppError for every attempt but a good one; a refused rate is the caller's to answer, with its headers. */
export function requireLiveKey(attempt: ApiKeyAttempt, scope: string | null): void {
  if (attempt.outcome === 'unknown' || attempt.outcome === 'revoked') throw invalidApiKey()
  if (attempt.outcome === 'asleep') {
    throw new AppError(
      'feature_not_allowed',
      `API access is part of the Pro and Team plans. This key is asleep while the organisation is on ${attempt.plan}, and wakes as soon as the plan is back.`,
    )
  }
  if (attempt.outcome === 'scope') {
    throw new AppError(
      'insufficient_scope',
      `This key lacks the permission ${scope}. Permissions never change: create a key that has it.`,
      {
        headers: { 'WWW-Authenticate': `Bearer realm="queueup", error="insufficient_scope", scope="${scope}"` },
      },
    )
  }
}
