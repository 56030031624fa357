import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import { formRules } from '../../src/features/accounts/sign-in-limits.ts'
import { totpCode, totpStep } from '../../src/features/accounts/totp.ts'
import { updateWaitlist } from '../../src/features/waitlists/update-waitlist.ts'
import { hostPrefix } from '../../src/platform/rate-limit/network-prefixes.ts'
import { tryTakeTokens } from '../../src/platform/rate-limit/take-tokens.ts'
import { asUser } from '../as.ts'
import { makeOrganisation, type TestProduct } from '../make.ts'
import { secretIn } from '../two-factor.ts'
import type { Who } from './all-pages.ts'
import type { Place } from './furnish.ts'
import { wrongForms } from './wrong-forms.ts'

export interface SentForm {
  /** As it is registered. */
  route: string
  as: Who
  /** The page that has the form; without one it is on the page that the form before led to. */
  from?: string
  /** What is typed; the rest stays as it came. */
  typed?: Record<string, string> | ((page: Page) => Promise<Record<string, string>>)
  /** What happens while it is filled in. */
  meanwhile?: (page: Page) => Promise<unknown>
  status: number
}

const leadsOn = 'leads on to another page, whatever is sent'

/** The forms that answer with no page of their own, and why. */
export const noForms: Record<string, string> = {
  '/webhooks/stripe': 'for Stripe',
  '/sign-out': leadsOn,
  '/invitations/:token': leadsOn,
  '/confirm-email/:token': leadsOn,
  '/account/email/cancel': leadsOn,
  '/account/sessions/:id/end': leadsOn,
  '/account/sign-out-elsewhere': leadsOn,
  '/o/:slug/deleted/restore': leadsOn,
  '/o/:slug/plan': leadsOn,
  '/o/:slug/api-keys/:id/revoke': leadsOn,
  '/o/:slug/members/invitations/:id/withdraw': leadsOn,
  '/o/:slug/waitlists/:id/archive': leadsOn,
  '/o/:slug/waitlists/:id/subscribers/:subscriber/remove': leadsOn,
  '/o/:slug/waitlists/:id/import/:import/cancel': leadsOn,
  '/o/:slug/settings/export': 'a file',
  '/o/:slug/waitlists/:id/export': 'a file',
  '/o/:slug/waitlists/:id/import/:import/results.csv': 'a file',
  '/o/:slug/activity/export': 'a file, or the page as its address shows it',
  '/o/:slug/plan/checkout': 'looked at where there is a Stripe',
  '/o/:slug/plan/portal': 'looked at where there is a Stripe',
}

/** Every form of the product that answers with a page, in the order they are sent. A test holds the list against the routes. */
export function allForms(product: TestProduct, place: Place): SentForm[] {
  const empty = `/o/${place.empty.slug}`
  const name = 'x'.repeat(50)
  let secret = ''
  return [
    ...wrongForms(place),
    {
      route: '/forgot-password',
      as: 'stranger',
      from: '/forgot-password',
      typed: { email: 'a@example.com' },
      status: 200,
    },
    {
      ...{ route: '/forgot-password', as: 'stranger', from: '/forgot-password', typed: { email: 'a@example.com' } },
      meanwhile: () => useUp(product, `forgot:${hostPrefix('127.0.0.1')}`),
      status: 429,
    },
    {
      ...{
        route: '/o/:slug/waitlists/:id/setup',
        as: 'owner',
        from: `/o/${place.organisation.slug}/waitlists/${place.waitlistId}/setup`,
        typed: { name: 'Mine', description: 'x' },
      },
      meanwhile: () =>
        updateWaitlist(place.organisation.ctx, place.waitlistId, {
          name: 'Theirs',
          referrals_enabled: 'on',
          description: 'y',
          skip_amount: '6',
        }),
      status: 409,
    },
    {
      ...{ route: '/o/:slug/waitlists/:id/import/:import/continue', as: 'owner', status: 409 },
      from: `/o/${place.organisation.slug}${place.imports.stopped}`,
      meanwhile: () => keepFileNoMore(product, place.imports.stopped.split('/').at(-1)),
    },
    {
      ...{ route: '/o/:slug/api-keys', as: 'empty', from: `${empty}/api-keys/new` },
      ...{ typed: { name, scopes: 'subscribers:read' }, meanwhile: sendAlready, status: 409 },
    },
    {
      ...{ route: '/o/:slug/api-keys', as: 'empty', from: `${empty}/api-keys/new` },
      ...{ typed: { name: `${name.slice(1)}y`, scopes: 'subscribers:read' }, status: 201 },
    },
    {
      ...{ route: '/o/:slug/api-keys', as: 'empty', from: `${empty}/api-keys/new` },
      ...{
        typed: { name: 'later', scopes: 'subscribers:read' },
        meanwhile: () => elevenMinutes(product, place.empty.owner.id),
      },
      status: 403,
    },
    { route: '/o/:slug/api-keys', as: 'empty', typed: { confirm_password: 'wrong' }, status: 422 },

    { route: '/account/two-factor/new', as: 'guarded', from: '/account/two-factor/new', status: 201 },
    {
      ...{ route: '/account/two-factor', as: 'guarded', status: 422 },
      typed: async (page) => {
        secret = await page.getByLabel('Secret', { exact: true }).inputValue()
        return { code: '000000' }
      },
    },
    {
      route: '/account/two-factor',
      as: 'guarded',
      typed: async () => ({ code: totpCode(secret, totpStep(new Date())) }),
      status: 201,
    },
    {
      route: '/account/two-factor/off',
      as: 'guarded',
      from: '/account/two-factor/off',
      typed: { code: '1' },
      status: 422,
    },
    { route: '/account/two-factor/recovery-codes', as: 'guarded', from: '/account', status: 201 },
    { ...{ route: '/sign-in', as: 'stranger', from: '/sign-in' }, typed: () => makeGuarded(product), status: 200 },
    { route: '/sign-in/code', as: 'stranger', typed: { code: '1' }, status: 422 },
    { route: '/sign-in/code', as: 'stranger', from: '/sign-in/code?with=recovery', typed: { code: 'x' }, status: 422 },
  ]
}

/** Somebody who is asked for a code when they sign in. */
async function makeGuarded(product: TestProduct): Promise<Record<string, string>> {
  const { owner } = await makeOrganisation(product)
  const user = await asUser(product, owner)
  const secret = secretIn((await user.post('/account/two-factor/new')).html)
  await user.post('/account/two-factor', { code: totpCode(secret, totpStep(new Date())) })
  return { email: owner.email, password: owner.password }
}

/** Sends what is filled in once from elsewhere, as a form sent twice is. */
function sendAlready(page: Page): Promise<void> {
  return page.evaluate(async () => {
    const form = document.querySelector<HTMLFormElement>('form[data-filled-in]')
    if (!form) throw new Error('nothing is filled in')
    const body = new URLSearchParams([...new FormData(form)].map(([name, value]) => [name, String(value)]))
    await fetch(form.action, { method: 'post', body })
  })
}

async function keepFileNoMore({ database }: TestProduct, id: string | undefined): Promise<void> {
  await sql`update imports set file_deleted_at = now() where id = ${id}`.execute(database.owner.kysely)
}

async function useUp({ services }: TestProduct, subject: string): Promise<void> {
  while (await tryTakeTokens(services, [{ subject, rule: formRules.host }]));
}

/** So long ago has somebody signed in. */
async function elevenMinutes({ database }: TestProduct, userId: string): Promise<void> {
  await sql`update sessions set confirmed_at = confirmed_at - interval '11 minutes' where user_id = ${userId}`.execute(
    database.owner.kysely,
  )
}
