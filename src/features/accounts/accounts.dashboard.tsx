import type { Hono, Context as HonoContext } from 'hono'
import { AppError, fieldError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { parseInput } from '../../platform/parse-input.ts'
import { subscriberLine } from '../../platform/rate-limit/subscriber-line.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { wordsFor } from '../../platform/ui/words-for.ts'
import { getInvitation } from '../organisations/invitations.ts'
import { findLastOrganisation } from '../organisations/list-own-organisations.ts'
import type { Accounts } from './accounts.ts'
import { passwordSchema } from './create-person.ts'
import { forgetPassword } from './forget-password.ts'
import { HomePage } from './home-page.tsx'
import { ownPath } from './own-path.ts'
import { ForgotPasswordPage, MailSentPage, ResetPasswordPage } from './password-pages.tsx'
import { resetPassword } from './reset-password.ts'
import { endSession } from './sessions.ts'
import { type SignedIn, signIn } from './sign-in.ts'
import { followLink, formLimit, requireToken } from './sign-in-limits.ts'
import { SignInPage, SignUpPage } from './sign-in-page.tsx'
import { byInvitationOnly, signUp } from './sign-up.ts'
import { SignUpMailedPage } from './sign-up-pages.tsx'

const notices: Record<string, { kind: 'good' | 'warn'; text: string }> = {
  password: { kind: 'good', text: 'Your new password is saved. Sign in with it.' },
  account: { kind: 'good', text: 'You have an account already. Sign in to it.' },
  deleted: { kind: 'good', text: 'Your account is deleted.' },
  late: { kind: 'warn', text: 'That took too long. Sign in again.' },
}

/** Signing up, in and out, and a new password by mail. */
export function accountRoutes(app: Hono<AppEnv>, services: Services, accounts: Accounts): void {
  const isSignUpOpen = (next: string | undefined) =>
    services.config.signup === 'open' || (next?.startsWith('/invitations/') ?? false)

  app.get('/', async (c) => {
    if (!c.var.person)
      return renderPage(c, <HomePage frame={c.var.frame} signUpOpen={services.config.signup === 'open'} />)
    const organisation = await findLastOrganisation(services, c.var.person.id)
    return c.redirect(organisation ? `/o/${organisation.slug}/waitlists` : '/organisations/new', 303)
  })

  app.get('/sign-in', (c) => {
    const next = ownPath(c.req.query('next'))
    if (c.var.person) return c.redirect(next ?? '/', 303)
    const notice = wordsFor(notices, c.req.query('done'))
    return renderPage(c, <SignInPage frame={c.var.frame} next={next} notice={notice} signUpOpen={isSignUpOpen(next)} />)
  })

  app.post('/sign-in', async (c) => {
    const form = await readForm(c)
    const given = { email: form.text('email'), password: form.text('password'), cookies: c.req.header('cookie') }
    const next = ownPath(form.text('next'))
    try {
      const signedIn = await signIn(services, given, c.var.meta)
      // What this browser was signed in with before is over, whoever else may know it.
      if (!signedIn.needsCode && c.var.person) await endSession(services, c.var.person, c.var.person.sessionId)
      return goIn(c, signedIn, next)
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const status = error.code === 'unauthenticated' ? 422 : error.status
      return renderPage(
        c,
        <SignInPage
          frame={c.var.frame}
          next={next}
          email={given.email}
          error={error}
          signUpOpen={isSignUpOpen(next)}
        />,
        status,
        error.headers,
      )
    }
  })

  app.get('/sign-up', async (c) => {
    const next = ownPath(c.req.query('next'))
    if (c.var.person) return c.redirect(next ?? '/', 303)
    const invitation = await findInvitationBehind(services, next, c.var.meta)
    if (services.config.signup === 'invite' && !invitation) throw byInvitationOnly()
    return renderPage(
      c,
      <SignUpPage frame={c.var.frame} next={next} email={invitation?.email ?? c.req.query('email')} />,
    )
  })

  app.post('/sign-up', async (c) => {
    const form = await readForm(c)
    const given = { email: form.text('email'), password: form.text('password'), cookies: c.req.header('cookie') }
    const next = ownPath(form.text('next'))
    try {
      await requireToken(services, `sign-up:${subscriberLine(c.var.meta.ip)}`, formLimit)
      const invitation = await findInvitationBehind(services, next, c.var.meta)
      const signedUp = await signUp(services, given, c.var.meta, invitation?.email)
      if ('needsCode' in signedUp) return goIn(c, signedUp, next)
      c.header('Set-Cookie', signedUp.cookie, { append: true })
      return renderPage(c, <SignUpMailedPage frame={c.var.frame} email={signedUp.mailedTo} />)
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      return renderPage(
        c,
        <SignUpPage frame={c.var.frame} next={next} email={given.email} error={error} />,
        error.status,
        error.headers,
      )
    }
  })

  app.post('/sign-out', async (c) => {
    const next = ownPath((await readForm(c)).text('next'))
    const { person } = c.var
    // By ourselves, and first: better-auth takes the cookie away also where it could not end the session.
    if (person) await endSession(services, person, person.sessionId)
    const response = await accounts.api.signOut({
      headers: new Headers({ cookie: c.var.cookies }),
      asResponse: true,
    })
    return goOn(c, response.headers.getSetCookie(), next)
  })

  app.get('/forgot-password', (c) => renderPage(c, <ForgotPasswordPage frame={c.var.frame} />))

  app.post('/forgot-password', async (c) => {
    const email = (await readForm(c)).text('email')
    await requireToken(services, `forgot:${subscriberLine(c.var.meta.ip)}`, formLimit)
    await forgetPassword(services, email)
    return renderPage(c, <MailSentPage frame={c.var.frame} />)
  })

  app.get('/reset-password/:token', (c) =>
    renderPage(c, <ResetPasswordPage frame={c.var.frame} token={c.req.param('token')} />),
  )

  app.post('/reset-password/:token', async (c) => {
    const token = c.req.param('token')
    const password = (await readForm(c)).text('password')
    try {
      parseInput(passwordSchema, password)
      await followLink(services, c.var.meta, () => resetPassword(services, token, password))
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'validation_failed') throw error
      const beside = fieldError('password', 'too_short', error.message)
      return renderPage(c, <ResetPasswordPage frame={c.var.frame} token={token} error={beside} />, 422)
    }
    return c.redirect('/sign-in?done=password', 303)
  })
}

/** The invitation whose page a sign-up came from: it stands for its e-mail address. */
async function findInvitationBehind(services: Services, next: string | undefined, meta: RequestMeta) {
  const token = /^\/invitations\/([0-9A-Za-z]{1,100})$/.exec(next ?? '')?.[1]
  if (!token) return undefined
  return followLink(services, meta, () => getInvitation(services, token)).catch((error) => {
    if (error instanceof AppError && error.code === 'not_found') return undefined
    throw error
  })
}

/** On to where they wanted to go, or to the page of the code on the way there. */
function goIn(c: HonoContext<AppEnv>, { cookies, needsCode }: SignedIn, next: string | undefined): Response {
  if (!needsCode) return goOn(c, cookies, next)
  return goOn(c, cookies, next ? `/sign-in/code?next=${encodeURIComponent(next)}` : '/sign-in/code')
}

function goOn(c: HonoContext<AppEnv>, cookies: string[], next: string | undefined): Response {
  for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true })
  c.header('Cache-Control', 'no-store')
  return c.redirect(next ?? '/', 303)
}
