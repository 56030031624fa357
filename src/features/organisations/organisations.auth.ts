import type { MiddlewareHandler } from 'hono'
import { type Context, hasRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import type { Services } from '../../platform/services.ts'
import type { NavEntry } from '../../platform/ui/page-layout.tsx'
import { findTrouble } from '../billing/find-trouble.ts'
import { troubleBanner } from '../billing/trouble-banner.tsx'
import { planRules } from '../plans/plan-rules.ts'
import { findMembership, findNewSlug, rememberOrganisation } from './list-organisations.ts'
import { findFewOrganisations } from './list-own-organisations.ts'

/**
 * Lets members in below `/o/{slug}`, with the context that verbs act in. Strangers are told what they would be told of an
 * organisation that does not exist; whoever is not signed in may do so and come back. An earlier address leads to the one
 * of now, and every page of a deleted organisation to its way back.
 */
export function enterOrganisation(services: Services): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { person, meta, frame } = c.var
    if (!person) return c.redirect(`/sign-in?next=${encodeURIComponent(wayBack(c.req))}`, 303)
    const slug = c.req.param('slug') ?? ''
    const isSlug = /^[a-z0-9-]{1,60}$/.test(slug)
    const membership = isSlug ? await findMembership(services, slug, person.id) : undefined
    if (!membership) {
      const newSlug = isSlug ? await findNewSlug(services, slug, person.id) : undefined
      if (!newSlug) throw new AppError('not_found', 'There is no such page, or it is not for this account.')
      // Not for good: an organisation may take an earlier address again. 307 sends a form on as it is.
      return c.redirect(c.req.url.replace(/^.*?\/o\/[^/?#]+/, `/o/${newSlug}`), isSafe(c.req.method) ? 302 : 307)
    }
    const { organisation, role, deleted_at } = membership
    const wayBackToLife = [`/o/${slug}/deleted`, `/o/${slug}/deleted/restore`].includes(c.req.path)
    if (deleted_at && !wayBackToLife) return c.redirect(`/o/${slug}/deleted`, 303)
    const ctx: Context = {
      ...services,
      organisation,
      actor: { type: 'user', id: person.id, name: person.name, role },
      requestId: meta.requestId,
      ip: meta.ip,
      userAgent: meta.userAgent,
      signal: c.req.raw.signal,
    }
    const trouble = deleted_at ? undefined : await findTrouble(ctx)
    const isOwner = hasRole(ctx.actor, 'owner')
    if (!deleted_at) await rememberOrganisation(services, person.id, organisation.id)
    c.set('ctx', ctx)
    const { organisations, areMore } = await findFewOrganisations(services, person.id)
    const isAmong = organisations.some(({ id }) => id === organisation.id)
    c.set('frame', {
      ...frame,
      organisation,
      organisations: isAmong ? organisations : [{ ...organisation, deleted_at }, ...organisations],
      areMoreOrganisations: areMore,
      nav: deleted_at ? [] : navOf(ctx),
      ...(deleted_at || !isOwner ? {} : { settingsHref: `/o/${slug}/settings` }),
      ...(trouble && { banner: troubleBanner(trouble, organisation.plan, isOwner ? `/o/${slug}/plan` : undefined) }),
    })
    return next()
  }
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** What was asked for; of a form, the page of the nav that it is on. */
function wayBack({ method, url }: { method: string; url: string }): string {
  const { pathname, search } = new URL(url)
  return method === 'GET' ? pathname + search : pathname.split('/').slice(0, 4).join('/')
}

/** Where a member may go, by role and plan. */
function navOf({ organisation, actor }: Context): NavEntry[] {
  const entry = (id: string, label: string) => ({ id, label, href: `/o/${organisation.slug}/${id}` })
  const isAdmin = hasRole(actor, 'admin')
  return [
    entry('waitlists', 'Waitlists'),
    ...(isAdmin && planRules(organisation.plan).apiAccess ? [entry('api-keys', 'API keys')] : []),
    ...(isAdmin ? [entry('activity', 'Activity'), entry('members', 'Members')] : []),
    ...(hasRole(actor, 'owner') ? [entry('plan', 'Plan')] : []),
  ]
}
