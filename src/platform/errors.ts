/** Every error the product answers with. Status, OpenAPI answers and the guide's error pages are made from this table. */
export const errorCatalogue = {
  invalid_request: { status: 400, title: 'The request is malformed' },
  unauthenticated: { status: 401, title: 'Credentials are missing' },
  invalid_api_key: { status: 401, title: 'The API key is invalid or revoked' },
  feature_not_allowed: { status: 403, title: 'The plan does not include this' },
  insufficient_scope: { status: 403, title: 'The API key lacks a permission' },
  forbidden: { status: 403, title: 'You may not do this' },
  public_url_not_set: { status: 403, title: 'The server is configured for its own machine only' },
  not_found: { status: 404, title: 'There is no such thing here' },
  method_not_allowed: { status: 405, title: 'This address does not take that method' },
  request_timeout: { status: 408, title: 'The request took too long to arrive' },
  conflict: { status: 409, title: 'Something else got there first' },
  idempotency_in_progress: { status: 409, title: 'The first request with this idempotency key is still running' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  validation_failed: { status: 422, title: 'Some values are not valid' },
  idempotency_mismatch: { status: 422, title: 'The idempotency key was used with another body' },
  email_refused: { status: 422, title: 'The e-mail address was refused' },
  limit_reached: { status: 422, title: 'There is no room for another of these' },
  rate_limited: { status: 429, title: 'Too many requests' },
  headers_too_large: { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'The service is briefly unavailable' },
} as const satisfies Record<string, { status: number; title: string }>

export type ErrorCode = keyof typeof errorCatalogue

export const fieldProblemCodes = [
  'required',
  'unknown',
  'type',
  'format',
  'too_short',
  'too_long',
  'too_small',
  'too_big',
  'repeated',
  'refused',
] as const

/** One thing wrong with the input: `pointer` for a body member (JSON Pointer fragment, RFC 6901), `parameter` for a query value. */
export type FieldProblem = { code: (typeof fieldProblemCodes)[number]; detail: string } & (
  | { pointer: string }
  | { parameter: string }
)

/** How a page tells it, where the code tells too little: its heading, and the next step. */
interface ErrorPage {
  title: string
  way?: readonly [words: string, href: string]
}

interface AppErrorOptions {
  page?: ErrorPage
  errors?: FieldProblem[]
  headers?: Record<string, string>
  cause?: unknown
}

/** An expected refusal. Anything else that is thrown is a bug and is answered as `internal`. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly status: number
  readonly page: ErrorPage | undefined
  readonly errors: FieldProblem[]
  readonly headers: Record<string, string>

  constructor(code: ErrorCode, detail: string, options: AppErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = errorCatalogue[code].status
    this.page = options.page
    this.errors = options.errors ?? []
    this.headers = options.headers ?? {}
  }
}

/** A refusal of one body member, shown beside its field on a form. */
export function fieldError(field: string, code: FieldProblem['code'], detail: string): AppError {
  return new AppError('validation_failed', detail, { errors: [{ pointer: `#/${field}`, code, detail }] })
}
