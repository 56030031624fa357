import { z } from 'zod'
import type { SentForm } from '../../platform/sent-form.ts'
import type { Services } from '../../platform/services.ts'

interface CarriedRoute {
  /** As it is registered; what is carried is its POST. */
  path: string
  /** What is carried. No password, code or secret may stand here. */
  fields: readonly string[]
  /** Where the empty form is, below the organisation. */
  page: string
}

/** The forms whose fields survive the end of a session. A test holds that each shows what was typed, and does nothing. */
export const carriedRoutes: readonly CarriedRoute[] = [
  {
    path: '/o/:slug/waitlists/:id/setup',
    fields: ['name', 'description', 'skip_amount', 'referrals_enabled', 'version'],
    page: '/waitlists/:id/setup',
  },
  { path: '/o/:slug/waitlists/:id/add', fields: ['email'], page: '/waitlists/:id/add' },
  {
    path: '/o/:slug/waitlists/:id/import/:import',
    fields: [
      ...['email', 'joined_at', 'referred_by', 'referral_code', 'state', 'delimiter', 'has_header'],
      ...['lead_rows', 'date_order', 'include_status'],
    ],
    page: '/waitlists/:id/import/:import',
  },
  { path: '/o/:slug/waitlists', fields: ['name'], page: '/waitlists/new' },
  { path: '/o/:slug/api-keys', fields: ['name', 'scopes'], page: '/api-keys/new' },
  { path: '/o/:slug/members/invitations', fields: ['email', 'role'], page: '/members' },
  { path: '/o/:slug/settings', fields: ['name'], page: '/settings' },
  { path: '/o/:slug/settings/slug', fields: ['slug'], page: '/settings' },
]

const validMs = 3_600_000
/** Of the fields as JSON: encoded, with the password beside it, it stays below what a visitor may send. */
const maxBytes = 8_000

const content = z.strictObject({
  owner: z.string(),
  path: z.string(),
  entries: z.array(z.tuple([z.string(), z.string()])),
  at: z.number(),
})

/** `theirs` is for this user to see; `foreign` is somebody else's; `gone` is too old, or was never ours. */
export type OpenedForm =
  | { outcome: 'theirs'; path: string; entries: [string, string][] }
  | { outcome: 'foreign' }
  | { outcome: 'gone' }

/** Names a user in the forms of their own pages. */
export function formOwnerOf({ secrets }: Pick<Services, 'secrets'>, userId: string): string {
  return secrets.hash('form-owner', userId).toString('base64url')
}

/** The route that a form was sent to, and the path of the page that it is on. */
export function findCarriedRoute(path: string): { route: CarriedRoute; page: string } | undefined {
  const parts = path.split('/')
  const route = carriedRoutes.find(({ path: pattern }) => {
    const wanted = pattern.split('/')
    return wanted.length === parts.length && wanted.every((part, i) => part.startsWith(':') || part === parts[i])
  })
  if (!route) return undefined
  const wanted = route.path.split('/')
  const page = route.page.replace(/:\w+/g, (name) => parts[wanted.indexOf(name)] ?? '')
  return { route, page: `/o/${parts[2]}${page}` }
}

/**
 * What was typed, encrypted under SECRET_KEY for the user whose page it was typed on, for an hour. Undefined where the form
 * does not say whose it is; `too_long` where it is more than a sign-in may carry.
 */
export function sealForm(
  { secrets, now }: Pick<Services, 'secrets' | 'now'>,
  { owner, path, route, form }: { owner: string; path: string; route: CarriedRoute; form: SentForm },
): string | 'too_long' | undefined {
  if (!/^[\w-]{43}$/.test(owner)) return undefined
  const entries = form.entries.filter(([name]) => route.fields.includes(name))
  const text = JSON.stringify({ owner, path, entries, at: now().getTime() })
  if (Buffer.byteLength(text) > maxBytes) return 'too_long'
  return secrets.seal('carried-form', text).toString('base64url')
}

/** What `sealForm` sealed, for this user. */
export function openForm(
  { secrets, now }: Pick<Services, 'secrets' | 'now'>,
  sealed: string,
  userId: string,
): OpenedForm {
  const text = secrets.open('carried-form', Buffer.from(sealed, 'base64url'))
  const form = text === undefined ? undefined : content.safeParse(JSON.parse(text)).data
  if (!form || now().getTime() - form.at > validMs) return { outcome: 'gone' }
  const owners = secrets.hashes('form-owner', userId).map((hash) => hash.toString('base64url'))
  if (!owners.includes(form.owner)) return { outcome: 'foreign' }
  return { outcome: 'theirs', path: form.path, entries: form.entries }
}
