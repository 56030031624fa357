import type { Hono } from 'hono'
import type { AppEnv } from '../src/platform/http/app-env.ts'
import type { Place } from './e2e/furnish.ts'

export interface Route {
  method: 'GET' | 'POST'
  /** As it is registered. */
  pattern: string
}

/** What lies outside any organisation: open to all, or about whoever is signed in, or opened by a token of its own. */
const outside = [
  ...[
    '/',
    '/docs',
    '/docs/:slug',
    '/docs/api',
    '/docs/errors',
    '/docs/errors/:code',
    '/openapi.json',
    '/import-example.csv',
    '/healthz',
    '/readyz',
  ],
  ...['/favicon.ico', '/mail-preview/:key', '/sign-in', '/sign-in/code', '/sign-out', '/sign-up', '/forgot-password'],
  ...[
    '/reset-password/:token',
    '/confirm-email/:token',
    '/confirm-sign-up/:token',
    '/invitations/:token',
    '/s/:token',
    '/webhooks/stripe',
    '/organisations',
    '/organisations/new',
  ],
  ...[
    '/account',
    '/account/delete',
    '/account/email',
    '/account/email/cancel',
    '/account/name',
    '/account/password',
    '/account/sign-out-elsewhere',
  ],
  ...['/account/sessions/:id/end', '/account/two-factor', '/account/two-factor/new', '/account/two-factor/off'],
  '/account/two-factor/recovery-codes',
]
/** Not routes of their own: what stands before others, and the customer API, which is replayed from its document. */
const around = ['/*', '/account/*', '/o/:slug/*', '/v1/*', '/v1/api', '/v1/api/*']

/** The routes below an organisation's address. @throws Error for a route that nobody has placed. */
export function routesOfOrganisations(app: Hono<AppEnv>): Route[] {
  const routes = new Map<string, Route>()
  for (const { method, path } of app.routes) {
    const isAround = method === 'ALL' && around.includes(path)
    const isAsset = method === 'GET' && path.startsWith('/assets/')
    if (isAround || isAsset || outside.includes(path)) continue
    if ((method !== 'GET' && method !== 'POST') || !path.startsWith('/o/:slug'))
      throw new Error(`${method} ${path} is a new route: say whose it is`)
    routes.set(`${method} ${path}`, { method, pattern: path })
  }
  return [...routes.values()]
}

/** Ids, by the part of a pattern that they stand for. */
export type Ids = Record<string, string>

/** The ids of an organisation that stand in a route's path. */
export function idsOf(place: Place, invitationId: string, { pattern }: Route): Ids {
  const importPath = pattern.endsWith('/results.csv') ? place.imports.done : place.imports.looked
  const [, , importsWaitlist = '', , importId = ''] = importPath.split('/')
  const all: Ids = {
    'waitlists/:id': pattern.includes('/import') ? importsWaitlist : place.waitlistId,
    'api-keys/:id': place.keyId,
    'members/:id': place.memberId,
    'invitations/:id': invitationId,
    'subscribers/:subscriber': '1',
    'import/:import': importId,
    'activity/:number': String(place.activities[0]),
    'switch/:plan': 'free',
  }
  const parts = [...pattern.matchAll(/[\w-]+\/:\w+/g)].map(([part]) => part).filter((part) => part !== 'o/:slug')
  for (const part of parts) if (!all[part]) throw new Error(`nothing is known to stand for ${part} of ${pattern}`)
  return Object.fromEntries(parts.map((part) => [part, all[part] ?? '']))
}

export function pathOf({ pattern }: Route, slug: string, ids: Ids): string {
  return pattern
    .replace('/o/:slug', `/o/${slug}`)
    .replace(/([\w-]+)\/:(\w+)/g, (part, before: string) => `${before}/${ids[part]}`)
}

/** What a route's form takes, and all the others take besides. */
export function formFor(
  { organisation }: Place,
  heirId: string,
  { pattern }: Route,
): Record<string, string | string[]> {
  return {
    ...{ name: 'Taken over', description: 'Taken over', skip_amount: '7', referrals_enabled: 'on', slug: 'taken-over' },
    // The form of an import says by this name which column holds the addresses.
    email: pattern.includes('/import/') ? '0' : 'taken-over@example.com',
    ...{
      role: 'admin',
      plan: 'free',
      to: heirId,
      scopes: ['subscribers:read'],
      format: 'csv',
      step: 'start',
      task: 'manage',
      delimiter: ',',
    },
    confirmation: organisation.ctx.organisation.name,
  }
}
