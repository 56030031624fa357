import { readdirSync } from 'node:fs'
import { errorCatalogue } from '../../src/platform/errors.ts'
import { mailPreviewPath } from '../../src/platform/http/mail-preview-path.ts'
import type { Place } from './furnish.ts'

/** Whose eyes a page is seen with. */
export type Who = 'stranger' | 'owner' | 'member' | 'asleep' | 'empty' | 'guarded'

interface ListedPage {
  /** As it is registered. */
  route: string
  path: string
  status?: number
  as: Who
}

/** What is read by GET and is no page, and why. */
export const noPages: Record<string, string> = {
  '/openapi.json': 'for programs',
  '/import-example.csv': 'a file',
  '/docs': 'leads on to the first page of the guide',
}

/** Every page of the product, in every state that has a look of its own. A test holds the list against the routes. */
export function allPages(place: Place): ListedPage[] {
  const base = `/o/${place.organisation.slug}`
  const waitlist = `${base}/waitlists/${place.waitlistId}`
  const stranger: [string, string][] = [
    ['/', '/'],
    ['/sign-in', '/sign-in'],
    ['/sign-in/code', '/sign-in/code'],
    ['/sign-up', '/sign-up?email=a%40example.com'],
    ['/forgot-password', '/forgot-password'],
    ['/reset-password/:token', '/reset-password/abc'],
    ['/confirm-sign-up/:token', place.signUp],
    ['/invitations/:token', place.invitation],
    ['/s/:token', place.status],
    ['/docs/errors', '/docs/errors'],
    ...guidePages().map((slug): [string, string] => ['/docs/:slug', `/docs/${slug}`]),
    ['/docs/api', '/docs/api'],
    ['/docs/errors/:code', `/docs/errors/${Object.keys(errorCatalogue)[0]}`],
  ]
  const owner: [string, string][] = [
    ['/organisations', '/organisations'],
    ['/organisations/new', '/organisations/new'],
    ['/account', '/account?saved=name'],
    ['/confirm-email/:token', place.emailChange],
    ['/account/delete', '/account/delete'],
    ['/account/two-factor/new', '/account/two-factor/new'],
    // These lead elsewhere but for who has it on: their looks are in the journey of two-factor sign-in.
    ['/account/two-factor', '/account/two-factor'],
    ['/account/two-factor/recovery-codes', '/account/two-factor/recovery-codes'],
    ['/account/two-factor/off', '/account/two-factor/off'],
    ['/mail-preview/:key', mailPreviewPath(place.organisation.ctx) ?? ''],
    ['/o/:slug/waitlists', `${base}/waitlists`],
    ['/o/:slug/waitlists', `${base}/waitlists?show=archived`],
    ['/o/:slug/waitlists', `${base}/waitlists?q=zzz`],
    ['/o/:slug/waitlists/new', `${base}/waitlists/new`],
    ['/o/:slug/waitlists/:id', waitlist],
    ['/o/:slug/waitlists/:id', `${waitlist}?q=zzz`],
    ['/o/:slug/waitlists/:id', `${waitlist}?q=e&sort=-referrals`],
    ['/o/:slug/waitlists/:id/subscribers/:subscriber', `${waitlist}/subscribers/1`],
    ['/o/:slug/waitlists/:id/subscribers/:subscriber/remove', `${waitlist}/subscribers/1/remove`],
    ['/o/:slug/waitlists/:id', `${base}/waitlists/${place.archivedId}`],
    ['/o/:slug/waitlists/:id/add', `${waitlist}/add`],
    ['/o/:slug/waitlists/:id/import', `${waitlist}/import?done=discarded`],
    ['/o/:slug/waitlists/:id/import', `${base}/waitlists/${place.archivedId}/import`],
    ['/o/:slug/waitlists/:id/import', `${base}${place.imports.all}`],
    ['/o/:slug/waitlists/:id/import/:import', `${base}${place.imports.looked}?changed=1`],
    ['/o/:slug/waitlists/:id/import/:import', `${base}${place.imports.running}`],
    ['/o/:slug/waitlists/:id/import/:import', `${base}${place.imports.done}`],
    ['/o/:slug/waitlists/:id/import/:import', `${base}${place.imports.cancelled}`],
    ['/o/:slug/waitlists/:id/import/:import', `${base}${place.imports.stopped}`],
    ['/o/:slug/waitlists/:id/import/:import/cancel', `${base}${place.imports.looked}/cancel`],
    ['/o/:slug/waitlists/:id/import/:import/cancel', `${base}${place.imports.running}/cancel`],
    ['/o/:slug/waitlists/:id/setup', `${waitlist}/setup?saved=1`],
    ['/o/:slug/waitlists/:id/archive', `${waitlist}/archive`],
    ['/o/:slug/api-keys', `${base}/api-keys`],
    ['/o/:slug/api-keys/new', `${base}/api-keys/new`],
    ['/o/:slug/api-keys/:id/revoke', `${base}/api-keys/${place.keyId}/revoke`],
    ['/o/:slug/activity', `${base}/activity`],
    ['/o/:slug/activity', `${base}/activity?action=plan.changed&actor=api_key&from=2020-01-01`],
    ['/o/:slug/activity', `${base}/activity?target=${place.waitlistId}&only_api_keys=1`],
    ...place.activities.map((number): [string, string] => ['/o/:slug/activity/:number', `${base}/activity/${number}`]),
    ['/o/:slug/members', `${base}/members?done=role`],
    ['/o/:slug/members/transfer', `${base}/members/transfer`],
    ['/o/:slug/members/transfer', `${base}/members/transfer?who=zzz`],
    ['/o/:slug/members/:id/remove', `${base}/members/${place.memberId}/remove`],
    ['/o/:slug/settings', `${base}/settings`],
    ['/o/:slug/settings/slug', `${base}/settings/slug?saved=slug`],
    ['/o/:slug/settings/delete', `${base}/settings/delete`],
    ['/o/:slug/deleted', `/o/${place.deletedSlug}/deleted`],
    ['/o/:slug/plan', `${base}/plan?changed=1`],
    ['/o/:slug/plan/switch/:plan', `${base}/plan/switch/free`],
  ]
  const listed = (as: Who, pages: [string, string][]) => pages.map(([route, path]) => ({ route, path, as }))
  return [
    ...listed('stranger', stranger),
    ...listed('owner', owner),
    ...listed('asleep', [
      ['/o/:slug/api-keys', `/o/${place.asleep.slug}/api-keys`],
      ['/o/:slug/plan', `/o/${place.asleep.slug}/plan`],
      ['/o/:slug/waitlists/new', `/o/${place.asleep.slug}/waitlists/new`],
      ['/o/:slug/members', `/o/${place.asleep.slug}/members`],
      ['/o/:slug/activity', `/o/${place.asleep.slug}/activity`],
    ]),
    ...listed('empty', [
      ['/o/:slug/waitlists', `/o/${place.empty.slug}/waitlists`],
      ['/o/:slug/api-keys', `/o/${place.empty.slug}/api-keys`],
      ['/o/:slug/members/transfer', `/o/${place.empty.slug}/members/transfer`],
      ['/invitations/:token', place.invitation],
      ['/invitations/:token', place.invitationOfEmpty],
    ]),
    ...listed('guarded', [
      ['/o/:slug/waitlists/:id', `/o/${place.guarded.slug}/waitlists/${place.nobodyYetId}`],
      ['/o/:slug/waitlists/:id/import', `/o/${place.guarded.slug}/waitlists/${place.nobodyYetId}/import`],
    ]),
    ...listed('member', [
      ['/o/:slug/waitlists', `${base}/waitlists`],
      ['/o/:slug/waitlists/:id', waitlist],
      ['/o/:slug/waitlists/:id/subscribers/:subscriber', `${waitlist}/subscribers/1`],
      ['/o/:slug/members/:id/remove', `${base}/members/${place.memberId}/remove`],
    ]),
    { route: '/o/:slug/api-keys', path: `${base}/api-keys`, status: 403, as: 'member' },
    { route: '/*', path: '/nowhere', status: 404, as: 'stranger' },
    { route: '/invitations/:token', path: '/invitations/abc', status: 404, as: 'stranger' },
    {
      route: '/o/:slug/activity',
      path: `${base}/activity?actor=x&target=%20-&from=1/2/2026&until=x`,
      status: 422,
      as: 'owner',
    },
    { route: '/o/:slug/api-keys/new', path: `/o/${place.asleep.slug}/api-keys/new`, status: 403, as: 'asleep' },
  ]
}

function guidePages(): string[] {
  const folder = new URL('../../docs/guide/', import.meta.url)
  return readdirSync(folder).map((file) => file.replace(/\.md$/, ''))
}
