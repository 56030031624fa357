import { createApp } from '../../src/app.tsx'
import { healthRoutes } from '../../src/platform/http/health.ts'
import type { Place } from '../e2e/furnish.ts'
import type { TestProduct } from '../make.ts'
import { formFor, idsOf, pathOf, type Route } from '../replayed-routes.ts'

/** A request as bytes, and the route it is about. */
export interface RouteRequest {
  name: string
  bytes: string
}

interface Asker {
  place: Place
  /** An invitation of the place's organisation. */
  invitationId: string
  cookie: string
  key: string
}

/** What ends the session, or takes away what the others are about. */
const takesAway = /sign-out|password|remove|archive|revoke|cancel|delete|end$/

/**
 * A request to each route of the product, with what it takes to be served. Those that take something away come last.
 * @throws Error for a route whose address nothing is known to stand in.
 */
export async function requestsOfEveryRoute(product: TestProduct, asker: Asker): Promise<RouteRequest[]> {
  const app = createApp(product.services)
  healthRoutes(app, product.services, { draining: false })
  const routes = new Map<string, Route>()
  for (const { method, path } of app.routes) {
    // What stands before others is asked for with them, and the customer API from its document.
    if (method === 'ALL') continue
    if (method !== 'GET' && method !== 'POST') throw new Error(`${method} ${path}: say how it is asked for`)
    routes.set(`${method} ${path}`, { method, pattern: path })
  }
  const pages = [...routes].map(([name, route]) => ({ name, bytes: bytesOf(product, asker, route) }))
  const apart = (isLast: boolean) => pages.filter(({ name }) => takesAway.test(name) === isLast)
  return [...apart(false), ...(await requestsOfApi(product, asker)), ...apart(true)]
}

function bytesOf(product: TestProduct, asker: Asker, route: Route): string {
  const headers = [`Cookie: ${asker.cookie}`]
  if (route.method === 'GET') return toBytes('GET', addressOf(asker, route), headers)
  headers.push(`Origin: ${product.url}`, 'Content-Type: application/x-www-form-urlencoded')
  const fields = Object.entries(formFor(asker.place, asker.place.memberId, route))
  const form = fields.flatMap(([name, value]) => [value].flat().map((one) => [name, one]))
  return toBytes('POST', addressOf(asker, route), headers, new URLSearchParams(form).toString())
}

function addressOf({ place, invitationId }: Asker, route: Route): string {
  const { pattern } = route
  const known: Record<string, string> = {
    '/invitations/:token': place.invitation,
    '/confirm-email/:token': place.emailChange,
    '/confirm-sign-up/:token': place.signUp,
    '/s/:token': place.status,
    '/docs/:slug': '/docs/api-keys',
    '/docs/errors/:code': '/docs/errors/not_found',
  }
  if (known[pattern]) return known[pattern]
  if (!pattern.startsWith('/o/:slug')) return pattern.replace(/:\w+/g, 'abc')
  const slug = pattern.includes('/deleted') ? place.deletedSlug : place.organisation.slug
  return pathOf(route, slug, idsOf(place, invitationId, route))
}

/** The customer API's, as its document lists them. */
async function requestsOfApi(product: TestProduct, { place, key }: Asker): Promise<RouteRequest[]> {
  const response = await fetch(`${product.url}/openapi.json`)
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> }
  const methods = ['get', 'post', 'put', 'patch', 'delete']
  return Object.entries(paths).flatMap(([path, operations]) =>
    methods
      .filter((method) => operations[method])
      .map((lower) => {
        const method = lower.toUpperCase()
        const address = path.replace(/\{waitlist_?id\}/i, place.waitlistId).replace(/\{\w+\}/g, '1')
        const headers = [`Authorization: Bearer ${key}`]
        if (method === 'GET' || method === 'DELETE')
          return { name: `${method} ${path}`, bytes: toBytes(method, address, headers) }
        headers.push('Content-Type: application/json')
        return { name: `${method} ${path}`, bytes: toBytes(method, address, headers, '{"email":"one@example.com"}') }
      }),
  )
}

function toBytes(method: string, path: string, headers: string[], body = ''): string {
  const length = method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
  return `${[`${method} ${path} HTTP/1.1`, 'Host: localhost', ...headers, ...length].join('\r\n')}\r\n\r\n${body}`
}
