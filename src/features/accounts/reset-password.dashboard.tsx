import type { Hono, Context as HonoContext } from 'hono'
import { AppError, fieldError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { parseInput } from '../../platform/parse-input.ts'
import type { Services } from '../../platform/services.ts'
import { confirmAddress, findConfirmable } from './confirm-address.ts'
import { passwordSchema } from './create-person.ts'
import { forgetPassword } from './forget-password.ts'
import { endHalfSessionCookie } from './half-session.ts'
import { ConfirmAddressPage, ForgotPasswordPage, MailSentPage, ResetPasswordPage } from './password-pages.tsx'
import { resetPassword } from './reset-password.ts'
import { followLink } from './sign-in-limits.ts'

/** A new password by mail, and the proof of a mailbox with it. */
export function resetPasswordRoutes(app: Hono<AppEnv>, services: Services): void {
  const setCookies = (c: HonoContext<AppEnv>, cookies: string[]) => {
    for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true })
  }

  app.get('/forgot-password', (c) => renderPage(c, <ForgotPasswordPage frame={c.var.frame} />))

  app.post('/forgot-password', async (c) => {
    const email = (await readForm(c)).text('email')
    await forgetPassword(services, { email, cookies: c.req.header('cookie') }, c.var.meta)
    return renderPage(c, <MailSentPage frame={c.var.frame} />)
  })

  app.get('/reset-password/:token', async (c) => {
    const token = c.req.param('token')
    const { frame } = c.var
    const user = await findConfirmable(services, token, c.req.header('cookie'))
    if (user) return renderPage(c, <ConfirmAddressPage frame={frame} token={token} email={user.email} />)
    return renderPage(c, <ResetPasswordPage frame={frame} token={token} />)
  })

  app.post('/reset-password/:token', async (c) => {
    const token = c.req.param('token')
    const { frame, meta } = c.var
    const form = await readForm(c)
    const by = { cookies: c.req.header('cookie'), meta }
    if (form.text('confirm') === 'address') {
      const { cookies, needs } = await followLink(services, meta, () => confirmAddress(services, token, by))
      setCookies(c, needs ? cookies : [...cookies, endHalfSessionCookie(services)])
      return c.redirect(needs ? '/sign-in/code' : '/', 303)
    }
    const password = form.text('password')
    try {
      parseInput(passwordSchema, password)
      setCookies(c, await followLink(services, meta, () => resetPassword(services, token, password, by)))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'validation_failed') throw error
      const beside = fieldError('password', 'too_short', error.message)
      return renderPage(c, <ResetPasswordPage frame={frame} token={token} error={beside} />, 422)
    }
    return c.redirect('/sign-in?done=password', 303)
  })
}
