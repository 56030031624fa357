import type { Hono } from 'hono'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { carriedField } from './carried-field.tsx'
import { goToForm } from './go-to-form.tsx'
import { endHalfSessionCookie, readHalfSession } from './half-session.ts'
import { ownPath } from './own-path.ts'
import { endSession } from './sessions.ts'
import { SignInCodePage } from './sign-in-code-page.tsx'
import { signInWithCode } from './sign-in-with-code.ts'

/** The second page of signing in, for whoever has two-factor sign-in on. */
export function signInCodeRoutes(app: Hono<AppEnv>, services: Services): void {
  const again = (next: string | undefined) => `/sign-in?done=late${next ? `&next=${encodeURIComponent(next)}` : ''}`

  app.get('/sign-in/code', async (c) => {
    const next = ownPath(c.req.query('next'))
    if (c.var.person) return c.redirect(next ?? '/', 303)
    if (!(await readHalfSession(services, c.req.header('cookie')))) return c.redirect(again(next), 303)
    const isRecovery = c.req.query('with') === 'recovery'
    return renderPage(c, <SignInCodePage frame={c.var.frame} next={next} isRecovery={isRecovery} />)
  })

  app.post('/sign-in/code', async (c) => {
    const form = await readForm(c)
    const next = ownPath(form.text('next'))
    const asked = form.text('ask')
    const isRecovery = (asked || form.text('with')) === 'recovery'
    const carried = form.text(carriedField) || undefined
    const cookies = c.req.header('cookie')
    const proven = await readHalfSession(services, cookies)
    if (!proven) return c.redirect(again(next), 303)
    if (asked) return renderPage(c, <SignInCodePage {...{ frame: c.var.frame, next, carried, isRecovery }} />)
    try {
      const given = { code: form.text('code'), asked: isRecovery ? 'recovery' : 'app', cookies } as const
      const set = await signInWithCode(services, proven, given, c.var.meta)
      if (c.var.person) await endSession(services, c.var.person, c.var.person.sessionId)
      for (const cookie of [...set, endHalfSessionCookie(services)]) c.header('Set-Cookie', cookie, { append: true })
      return goToForm(c, services, { next, carried, userId: proven.userId })
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      if (error.code === 'unauthenticated') return c.redirect(again(next), 303)
      const page = (
        <SignInCodePage frame={c.var.frame} next={next} carried={carried} isRecovery={isRecovery} error={error} />
      )
      return renderPage(c, page, error.status, error.headers)
    }
  })
}
