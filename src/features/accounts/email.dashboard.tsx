import type { Hono } from 'hono'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { MessagePage } from '../../platform/ui/message-page.tsx'
import { cancelEmailChange, confirmEmailChange, getEmailChange, requestEmailChange } from './change-email.ts'
import { requirePerson, showRefusal } from './show-account.tsx'
import { followLink } from './sign-in-limits.ts'

/** A new e-mail address, confirmed from its mailbox. */
export function emailRoutes(app: Hono<AppEnv>, services: Services): void {
  app.post('/account/email', async (c) => {
    const person = requirePerson(c)
    const email = (await readForm(c)).text('email')
    try {
      const { isOwn } = await requestEmailChange(services, person, { email }, c.var.meta)
      return c.redirect(isOwn ? '/account?saved=address' : '/account?saved=email', 303)
    } catch (error) {
      return showRefusal(c, services, person, error, { email })
    }
  })

  app.post('/account/email/cancel', async (c) => {
    await cancelEmailChange(services, requirePerson(c))
    return c.redirect('/account?saved=email-cancelled', 303)
  })

  // Only signed in as whoever asked: an address mistyped as somebody else's must not hand them the account.
  app.get('/confirm-email/:token', async (c) => {
    const { person, frame, meta } = c.var
    const here = `/confirm-email/${encodeURIComponent(c.req.param('token'))}`
    if (!person) return c.redirect(`/sign-in?next=${encodeURIComponent(here)}`, 303)
    const email = await followLink(services, meta, () => getEmailChange(services, person, c.req.param('token')))
    const isOwn = email === person.email
    const page = (
      <MessagePage title={isOwn ? 'Confirm your email address' : 'Confirm your new address'} frame={frame}>
        {isOwn ? (
          <p>
            Your account belongs to <strong>{email}</strong>.
          </p>
        ) : (
          <p>
            You will sign in as <strong>{email}</strong>, no longer as {person.email}.
          </p>
        )}
        <form method="post" action={here} class="row">
          <button type="submit" class="button">
            {isOwn ? 'Confirm' : 'Use this address'}
          </button>
          <a class="button plain" href="/account">
            {isOwn ? 'Cancel' : `Keep ${person.email}`}
          </a>
        </form>
      </MessagePage>
    )
    return renderPage(c, page)
  })

  app.post('/confirm-email/:token', async (c) => {
    const { person, meta } = c.var
    const token = c.req.param('token')
    if (!person) return c.redirect(`/sign-in?next=${encodeURIComponent(`/confirm-email/${token}`)}`, 303)
    const by = { cookies: c.req.header('cookie'), meta }
    const { cookies, isOwn } = await followLink(services, meta, () => confirmEmailChange(services, person, token, by))
    for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true })
    return c.redirect(isOwn ? '/account?saved=address-confirmed' : '/account?saved=email-confirmed', 303)
  })
}
