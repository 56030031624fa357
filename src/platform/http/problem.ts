import type { Handler } from 'hono'
import { AppError, errorCatalogue } from '../errors.ts'
import type { AppEnv } from './app-env.ts'
import { requestIdFrom } from './request-id.ts'

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

/** Answers machines below `/v1` where there is nothing: never a page. */
export function nothingHere(publicUrl: string): Handler<AppEnv> {
  return (c) => {
    const requestId = requestIdFrom(c.req.header('request-id'))
    const headers = { 'Request-Id': requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }
    return problemResponse(
      new AppError('not_found', 'There is nothing at this address.'),
      requestId,
      publicUrl,
      headers,
    )
  }
}
