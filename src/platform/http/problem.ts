import { type AppError, errorCatalogue } from '../errors.ts'

/** An error as `application/problem+json` (RFC 9457); `type` is a page of the guide that this very server answers. */
export function problemResponse(
  error: AppError,
  requestId: string,
  publicUrl: string,
  headers: Record<string, string>,
): Response {
  const body = {
    type: `${publicUrl}/docs/errors/${error.code}`,
    title: errorCatalogue[error.code].title,
    status: error.status,
    detail: error.message,
    code: error.code,
    request_id: requestId,
    ...(error.errors.length > 0 ? { errors: error.errors } : {}),
  }
  return new Response(JSON.stringify(body), {
    status: error.status,
    headers: { ...headers, ...error.headers, 'Content-Type': 'application/problem+json' },
  })
}
