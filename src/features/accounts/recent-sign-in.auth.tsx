import type { MiddlewareHandler } from 'hono'
import { AppError, fieldError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { checkPassword } from './check-password.ts'
import { ConfirmPersonPage, confirmField } from './confirm-person-page.tsx'
import type { GuardedAction } from './guarded-actions.ts'
import { requireSignedInGuess } from './guess-limits.ts'
import { confirmSession } from './sessions.ts'

const recentMs = 10 * 60_000

/**
 * Lets a form through to where it is handled if whoever sent it has proven who they are in the last ten minutes. Otherwise
 * asks for their password on a page that holds all that was sent, and goes on with it as if nothing had been between.
 */
export function requireRecentSignIn(services: Services, action: GuardedAction): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const { person, frame } = c.var
    // What is handled sends strangers to sign in, and does nothing with a form from before the sign-in.
    if (!person || c.var.isCarried || services.now().getTime() - person.confirmedAt.getTime() <= recentMs) return next()
    const form = await readForm(c)
    if (action.when && !action.when(form)) return next()
    const ask = (status: number, error?: AppError) => {
      const { pathname, search } = new URL(c.req.url)
      const page = (
        <ConfirmPersonPage
          frame={frame}
          email={person.email}
          to={action.to}
          downloads={action.downloads}
          here={pathname + search}
          entries={form.entries}
          error={error}
        />
      )
      return renderPage(c, page, status, error?.headers)
    }
    const password = form.text(confirmField)
    if (!form.entries.some(([name]) => name === confirmField)) return ask(403)
    try {
      await requireSignedInGuess(services, person, c.var.meta)
    } catch (error) {
      if (error instanceof AppError && error.code === 'rate_limited') return ask(429, error)
      throw error
    }
    if (!(await checkPassword(services, { id: person.id }, password)))
      return ask(422, fieldError(confirmField, 'refused', 'This is not your password.'))
    await confirmSession(services, { id: person.id, sessionId: person.sessionId })
    return next()
  }
}
