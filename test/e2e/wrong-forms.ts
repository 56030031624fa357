import type { SentForm } from './all-forms.ts'
import type { Who } from './all-pages.ts'
import type { Place } from './furnish.ts'

/** Every form of the product, with a mistake in it. */
export function wrongForms(place: Place): SentForm[] {
  const base = `/o/${place.organisation.slug}`
  const [empty, asleep] = [`/o/${place.empty.slug}`, `/o/${place.asleep.slug}`]
  const waitlist = `${base}/waitlists/${place.waitlistId}`
  const wrong = (as: Who, status = 422) => {
    return (route: string, from: string, typed: Record<string, string> = {}): SentForm => ({
      ...{ route, as, from, typed, status },
    })
  }
  const stranger = wrong('stranger')
  const owner = wrong('owner')
  const looked = `${base}${place.imports.looked}`
  return [
    stranger('/sign-in', '/sign-in', { email: 'nobody@example.com', password: 'wrong' }),
    stranger('/sign-up', '/sign-up', { email: 'x', password: 'x' }),
    stranger('/reset-password/:token', '/reset-password/abc', { password: 'x' }),
    wrong('stranger', 404)('/reset-password/:token', '/reset-password/abc', { password: 'a long enough password' }),
    stranger('/confirm-sign-up/:token', place.signUp, { password: 'x' }),

    owner('/organisations/new', '/organisations/new', { name: '' }),
    owner('/account/name', '/account', { name: '' }),
    owner('/account/email', '/account', { email: 'x' }),
    owner('/account/password', '/account', { current_password: 'wrong', password: 'a long enough password' }),
    owner('/account/delete', '/account/delete', { confirmation: 'x' }),
    // Their organisation would have no owner.
    wrong('guarded', 403)('/account/delete', '/account/delete', { confirmation: place.guarded.owner.email }),
    owner('/o/:slug/settings', `${base}/settings`, { name: '' }),
    owner('/o/:slug/settings/slug', `${base}/settings`, { slug: 'No slug' }),
    owner('/o/:slug/settings/delete', `${base}/settings/delete`, { confirmation: 'x' }),

    owner('/o/:slug/waitlists', `${base}/waitlists/new`, { name: '' }),
    owner('/o/:slug/waitlists/:id/setup', `${waitlist}/setup`, { name: '', skip_amount: '0' }),
    owner('/o/:slug/waitlists/:id/add', `${waitlist}/add`, { email: 'x' }),
    owner('/o/:slug/waitlists/:id/import', `${waitlist}/import`),
    owner('/o/:slug/waitlists/:id/import/:import', looked, { email: '' }),
    wrong('asleep')('/o/:slug/waitlists/:id/restore', `${asleep}/waitlists/${place.asleepArchivedId}/setup`),

    wrong('empty')('/o/:slug/api-keys', `${empty}/api-keys/new`, { name: 'x'.repeat(51) }),
    owner('/o/:slug/members/invitations', `${base}/members`, { email: 'x' }),
    wrong('asleep')('/o/:slug/members/invitations', `${asleep}/members`, { email: 'a@example.com' }),
    // The last owner stays one.
    wrong('owner', 403)('/o/:slug/members/:id/role', `${base}/members`, { role: 'member' }),
    wrong('owner', 403)('/o/:slug/members/:id/remove', `${base}/members/${place.organisation.owner.id}/remove`),
    wrong('owner', 404)('/o/:slug/members/transfer', `${base}/members/transfer`, { to: 'x' }),
  ]
}
