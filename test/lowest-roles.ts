import type { Role } from '../src/platform/context.ts'
import type { Route } from './replayed-routes.ts'

/** Below an organisation's address, by the lowest role whose pages and forms they are. Leaving is removing oneself. */
const lowest: Record<Role, string[]> = {
  member: ['GET /deleted', 'GET /waitlists', 'GET /waitlists/:id', 'GET /waitlists/:id/subscribers/:subscriber'],
  admin: [
    ...['GET /members', 'POST /members/invitations', 'POST /members/invitations/:id/withdraw'],
    ...['POST /members/:id/role', 'GET /members/:id/remove', 'POST /members/:id/remove'],
    ...['GET /waitlists/new', 'POST /waitlists', 'GET /waitlists/:id/setup', 'POST /waitlists/:id/setup'],
    ...['GET /waitlists/:id/archive', 'POST /waitlists/:id/archive', 'POST /waitlists/:id/restore'],
    ...['GET /waitlists/:id/add', 'POST /waitlists/:id/add', 'POST /waitlists/:id/export'],
    'GET /waitlists/:id/subscribers/:subscriber/remove',
    'POST /waitlists/:id/subscribers/:subscriber/remove',
    ...['GET /waitlists/:id/import', 'POST /waitlists/:id/import'],
    ...['GET /waitlists/:id/import/:import', 'POST /waitlists/:id/import/:import'],
    ...['GET /waitlists/:id/import/:import/cancel', 'POST /waitlists/:id/import/:import/cancel'],
    ...['POST /waitlists/:id/import/:import/continue', 'POST /waitlists/:id/import/:import/results.csv'],
    ...[
      'GET /api-keys',
      'GET /api-keys/new',
      'POST /api-keys',
      'GET /api-keys/:id/revoke',
      'POST /api-keys/:id/revoke',
    ],
    ...['GET /activity', 'GET /activity/:number', 'POST /activity/export'],
  ],
  owner: [
    ...['GET /members/transfer', 'POST /members/transfer', 'GET /settings', 'POST /settings', 'POST /settings/export'],
    ...['GET /settings/slug', 'POST /settings/slug', 'GET /settings/delete', 'POST /settings/delete'],
    ...['POST /deleted/restore', 'GET /plan', 'POST /plan', 'GET /plan/switch/:plan'],
    ...['POST /plan/checkout', 'POST /plan/portal'],
  ],
}

/** @throws Error for a route that stands in no role's list, or in two. */
export function lowestRole({ method, pattern }: Route): Role {
  const name = `${method} ${pattern.replace('/o/:slug', '')}`
  const [role, another] = (['member', 'admin', 'owner'] as const).filter((one) => lowest[one].includes(name))
  if (!role || another) throw new Error(`${method} ${pattern} is a new route: say from which role on it may be used`)
  return role
}
