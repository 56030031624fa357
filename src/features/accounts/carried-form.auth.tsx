import type { Context as HonoContext, MiddlewareHandler } from 'hono'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { formOf, readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { formOwnerField } from '../../platform/ui/form-owner.tsx'
import { carriedField } from './carried-field.tsx'
import { findCarriedRoute, openForm, sealForm } from './carried-form.ts'
import { SignInPage } from './sign-in-page.tsx'

/**
 * Forms below `/o/{slug}` that come without a valid session are answered with the sign-in page, which carries what was typed;
 * once the same user is signed in, it is filled in again. Everything else goes on as it came.
 */
export function carryForms(services: Services): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    if (c.req.method !== 'POST') return next()
    const found = findCarriedRoute(c.req.path)
    if (!c.var.person) return (await askToSignIn(c, services, found)) ?? next()
    if (!found) return next()
    const [sealed] = (await readForm(c)).list(carriedField)
    if (sealed === undefined) return next()
    const opened = openForm(services, sealed, c.var.person.id)
    if (opened.outcome === 'foreign') return c.redirect('/', 303)
    if (opened.outcome === 'gone' || !isSameForm(opened.path, c.req.path)) return c.redirect(found.page, 303)
    c.set('form', formOf(opened.entries))
    c.set('isCarried', true)
    return next()
  }
}

type Found = ReturnType<typeof findCarriedRoute>

async function askToSignIn(c: HonoContext<AppEnv>, services: Services, found: Found): Promise<Response | undefined> {
  const show = (next: string, notice: string, more: { carried?: string; headers?: Record<string, string> } = {}) => {
    const { carried, headers } = more
    const signUpOpen = services.config.signup === 'open'
    const page = (
      <SignInPage {...{ frame: c.var.frame, next, carried, signUpOpen }} notice={{ kind: 'warn', text: notice }} />
    )
    return renderPage(c, page, 403, headers)
  }
  const tooLong = 'You are signed out, and what you typed is too long to keep. Nothing was saved: go back and copy it.'
  if (/^multipart\/form-data\b/i.test(c.req.header('content-type') ?? ''))
    return show(c.req.path, 'You are signed out. Files are not kept: choose the file again once you are signed in.')
  if (!found) return undefined
  try {
    const form = await readForm(c)
    const owner = form.list(formOwnerField)[0] ?? ''
    const sealed = sealForm(services, { owner, path: c.req.path, route: found.route, form })
    if (sealed === undefined) return undefined
    if (sealed === 'too_long') return show(found.page, tooLong)
    const kept = 'You are signed out. Sign in, and what you typed is filled in again. It has not been saved yet.'
    return show(found.page, kept, { carried: sealed })
  } catch (error) {
    if (error instanceof AppError && error.code === 'payload_too_large')
      return show(found.page, tooLong, { headers: error.headers })
    throw error
  }
}

/** An organisation may have got another slug meanwhile. */
function isSameForm(path: string, other: string): boolean {
  const [one, two] = [path, other].map((text) => text.split('/').slice(3).join('/'))
  return one === two
}
