import type { SentForm } from '../../platform/sent-form.ts'

export interface GuardedAction {
  /** As it is registered; what is guarded is its POST. */
  path: string
  /** "Enter your password to …". */
  to: string
  /** The answer is a file: the page that asked for the password stays. */
  downloads?: boolean
  /** Where not every form needs it. */
  when?: (form: SentForm) => boolean
}

/**
 * Everything that a person must have proven who they are for in the last ten minutes: what whoever finds a browser open
 * must not be able to do. A test holds this list against the routes.
 */
export const guardedActions: readonly GuardedAction[] = [
  { path: '/o/:slug/api-keys', to: 'create the key' },
  { path: '/o/:slug/members/:id/role', to: 'change the role' },
  { path: '/o/:slug/members/transfer', to: 'transfer the ownership' },
  {
    path: '/o/:slug/members/invitations',
    to: 'invite somebody who may change things',
    when: (form) => form.text('role') !== 'member',
  },
  { path: '/o/:slug/settings/delete', to: 'delete the organisation' },
  { path: '/o/:slug/settings/export', to: 'download everything of the organisation', downloads: true },
  { path: '/o/:slug/settings/slug', to: 'change the address of the organisation' },
  { path: '/o/:slug/plan', to: 'change the plan' },
  { path: '/o/:slug/plan/checkout', to: 'go on to Stripe' },
  { path: '/o/:slug/plan/portal', to: 'go on to Stripe' },
  { path: '/account/delete', to: 'delete your account' },
  { path: '/account/email', to: 'change your address' },
  { path: '/account/two-factor/new', to: 'turn on two-factor sign-in' },
  { path: '/account/two-factor', to: 'turn on two-factor sign-in' },
  { path: '/account/two-factor/recovery-codes', to: 'make new recovery codes' },
]
