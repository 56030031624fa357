import type { MiddlewareHandler } from 'hono'
import { type Context, hasRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import type { Services } from '../../platform/services.ts'
import type { NavEntry } from '../../platform/ui/page-layout.tsx'
import { planRules } from '../plans/plan-rules.ts'
import { findMembership, listOrganisationsOf, rememberOrganisation } from './list-organisations.ts'

/**
 * Lets members in below `/o/{slug}`, with the context that verbs act in. Strangers are told what they would be told of an
 * organisation that does not exist; whoever is not signed in may do so and come back.
 */
export function enterOrganisation(services: Services): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { person, meta, frame } = c.var
    if (!person) return c.redirect(`/sign-in?next=${encodeURIComponent(wayBack(c.req))}`, 303)
    const slug = c.req.param('slug') ?? ''
    const membership = /^[a-z0-9-]{1,60}$/.test(slug) ? await findMembership(services, slug, person.id) : undefined
    if (!membership) throw new AppError('not_found', 'There is no such page, or it is not for this account.')
    const { organisation, role } = membership
    const ctx: Context = {
      ...services,
      organisation,
      actor: { type: 'user', id: person.id, name: person.name, role },
      requestId: meta.requestId,
      ip: meta.ip,
      userAgent: meta.userAgent,
    }
    await rememberOrganisation(services, person.id, organisation.id)
    c.set('ctx', ctx)
    c.set('frame', {
      ...frame,
      organisation,
      organisations: await listOrganisationsOf(services, person.id),
      nav: navOf(ctx),
    })
    return next()
  }
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
