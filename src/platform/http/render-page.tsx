import type { Context as HonoContext } from 'hono'
import { html } from 'hono/html'
import type { Child } from 'hono/jsx'
import type { AppEnv } from './app-env.ts'

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Answers a page: never kept by caches, never framed, and nothing on it runs or loads but what is ours. */
export function renderPage(
  c: HonoContext<AppEnv>,
  page: Child,
  status = 200,
  headers: Record<string, string> = {},
): Response | Promise<Response> {
  for (const [name, value] of Object.entries(pageHeaders(c.var.meta.requestId))) c.header(name, value)
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  // Inside JSX the doctype would be escaped.
  return c.html(html`<!doctype html>${page}`, status as 200)
}

export function pageHeaders(requestId: string): Record<string, string> {
  return {
    'Request-Id': requestId,
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  }
}
