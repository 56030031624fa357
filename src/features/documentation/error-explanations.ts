import type { ErrorCode } from '../../platform/errors.ts'

/** What each error of the catalogue means, and what to do about it: the text of its page in the guide. */
export const errorExplanations: Record<ErrorCode, string> = {
  invalid_request:
    'The request is malformed: a key in the address, two `Authorization` headers, a body that is not JSON in UTF-8, or an `Idempotency-Key` that is empty or too long.\n\nMend the request; sending it again as it is changes nothing. If a key stood in an address, revoke it: addresses end up in logs.',
  unauthenticated:
    'The request carries no API key, or uses a scheme other than Bearer.\n\nSend `Authorization: Bearer qu_live_…`.',
  invalid_api_key:
    'The token is not a live key: it is mistyped, was never issued, or has been revoked. All of these answer alike.\n\nCompare the beginning of your key with the API keys page. A revoked key never works again: create another.',
  feature_not_allowed:
    "The organisation's plan has no API access. Its keys are asleep: they keep their name, permissions and history, and work again as soon as the plan is Pro or Team.\n\nAsk the owner to restore the plan. No key needs to be created anew.",
  insufficient_scope:
    'The key is good but lacks the permission this operation needs; `WWW-Authenticate` names it.\n\nPermissions of a key never change: create a key that has it, and revoke the old one.',
  forbidden: 'Your role in the organisation does not allow this, or the form came from another site.',
  public_url_not_set:
    'The server is configured for its own machine only (`PUBLIC_URL` is not set, or names that machine), and the request came through a proxy or for another host name.\n\nThe operator sets `PUBLIC_URL` to the address that people use and restarts the server. See [Behind a proxy](/docs/running#behind-a-proxy).',
  not_found:
    'The address or the id names nothing that this key may see. A waitlist that is archived, or that belongs to another organisation, answers the same.',
  method_not_allowed: 'The address exists, but not with this method. `Allow` lists those it takes.',
  conflict: 'Something was done already: a form sent a second time made one thing, not two.',
  idempotency_in_progress:
    'The first request with this `Idempotency-Key` is still running.\n\nWait a second and send it again: you then get the answer of the first.',
  request_timeout:
    'The request did not arrive in time: twenty seconds for its headers, a minute for its body.\n\nSend it again; with an `Idempotency-Key` that is harmless.',
  payload_too_large: 'The body has more than 16 KiB.',
  unsupported_media_type: 'Send JSON as it is: `Content-Type: application/json`, without `Content-Encoding`.',
  validation_failed:
    'The request is well-formed, but values in it are not valid. `errors` lists every one, with its place (`pointer` in the body, `parameter` in the query) and a code: `required`, `unknown`, `type`, `format`, `too_short`, `too_long`, `too_small`, `too_big`, `repeated` or `refused`.',
  idempotency_mismatch:
    'This `Idempotency-Key` was used within 24 hours with another body.\n\nUse a new key for a new request.',
  email_refused: "One of the waitlist's gates refused the address; `errors` names the gate.",
  limit_reached:
    "A limit is reached: the plan's, of waitlists or members, or 2,000 active API keys. Nothing was removed; make room, or change the plan.",
  rate_limited:
    'Too many requests came in too short a time: with this key, with all keys of the organisation, or, without a valid key, from this address. Searches are also limited in how many run and wait at a time, and a search that reads many subscribers takes further tokens.\n\nWait the seconds that `Retry-After` names. See [Rate limits](/docs/rate-limits).',
  headers_too_large: 'The address and the request headers have more than 16 KiB together.',
  internal:
    'Something failed that should not have. It has been logged under the `Request-Id`.\n\nTry again; with an `Idempotency-Key` a retry is harmless. Name the request id if you report it.',
  unavailable:
    'The database cannot be reached, or has no room or time at the moment.\n\nTry again after the seconds that `Retry-After` names. Nothing was half done.',
}
