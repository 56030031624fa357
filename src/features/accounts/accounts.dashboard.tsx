import type { Hono, Context as HonoContext } from 'hono'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { assetUrl } from '../../platform/http/assets.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { SentForm } from '../../platform/sent-form.ts'
import type { Services } from '../../platform/services.ts'
import { wordsFor } from '../../platform/ui/words-for.ts'
import { getInvitation } from '../organisations/invitations.ts'
import { findLastOrganisation } from '../organisations/list-own-organisations.ts'
import type { Accounts } from './accounts.ts'
import { carriedField } from './carried-field.tsx'
import { goToForm } from './go-to-form.tsx'
import { HomePage } from './home-page.tsx'
import { ownPath } from './own-path.ts'
import { ConfirmAddressMailedPage } from './password-pages.tsx'
import { endSession } from './sessions.ts'
import { type Credentials, type SignedIn, signIn } from './sign-in.ts'
import { SignInCodePage } from './sign-in-code-page.tsx'
import { followLink } from './sign-in-limits.ts'
import { SignInPage, SignUpPage } from './sign-in-page.tsx'
import { byInvitationOnly, signUp } from './sign-up.ts'
import { SignUpMailedPage } from './sign-up-pages.tsx'

const notices: Record<string, { kind: 'good' | 'warn'; text: string }> = {
  password: { kind: 'good', text: 'Your new password is saved. Sign in with it.' },
  account: { kind: 'good', text: 'You have an account already. Sign in to it.' },
  deleted: { kind: 'good', text: 'Your account is deleted.' },
  late: { kind: 'warn', text: 'That took too long. Sign in again.' },
}

/** Signing up, in and out. */
export function accountRoutes(app: Hono<AppEnv>, services: Services, accounts: Accounts): void {
  const isSignUpOpen = (next: string | undefined) =>
    services.config.signup === 'open' || (next?.startsWith('/invitations/') ?? false)

  const picture = { light: assetUrl('product.png'), dark: assetUrl('product-dark.png') }

  app.get('/', async (c) => {
    if (!c.var.person)
      return renderPage(
        c,
        <HomePage frame={c.var.frame} signUpOpen={services.config.signup === 'open'} picture={picture} />,
      )
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
    const given = readCredentials(c, form)
    const next = ownPath(form.text('next'))
    const carried = form.text(carriedField) || undefined
    try {
      const signedIn = await signIn(services, given, c.var.meta)
      // What this browser was signed in with before is over, whoever else may know it.
      if (!signedIn.needs && c.var.person) await endSession(services, c.var.person, c.var.person.sessionId)
      return goIn(c, services, signedIn, { next, carried, email: given.email })
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const status = error.code === 'unauthenticated' ? 422 : error.status
      return renderPage(
        c,
        <SignInPage
          frame={c.var.frame}
          next={next}
          carried={carried}
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
    const given = readCredentials(c, form)
    const next = ownPath(form.text('next'))
    try {
      const invitation = await findInvitationBehind(services, next, c.var.meta)
      const signedUp = await signUp(services, given, c.var.meta, invitation?.email)
      if ('cookies' in signedUp) return goIn(c, services, signedUp, { next, email: given.email })
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
}

function readCredentials(c: HonoContext<AppEnv>, form: SentForm): Credentials {
  const cookies = c.req.header('cookie')
  return { email: form.text('email'), password: form.text('password'), cookies, signal: c.req.raw.signal }
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
function goIn(
  c: HonoContext<AppEnv>,
  services: Services,
  { cookies, needs, userId }: SignedIn,
  { next, carried, email }: { next: string | undefined; carried?: string | undefined; email: string },
) {
  const set = () => {
    for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true })
  }
  if (needs === 'confirmation') {
    set()
    return renderPage(c, <ConfirmAddressMailedPage frame={c.var.frame} email={email} />)
  }
  if (!needs) {
    set()
    return goToForm(c, services, { next, carried, userId })
  }
  if (carried) {
    set()
    return renderPage(c, <SignInCodePage {...{ frame: c.var.frame, next, carried, isRecovery: false }} />)
  }
  return goOn(c, cookies, next ? `/sign-in/code?next=${encodeURIComponent(next)}` : '/sign-in/code')
}

function goOn(c: HonoContext<AppEnv>, cookies: string[], next: string | undefined): Response {
  for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true })
  c.header('Cache-Control', 'no-store')
  return c.redirect(next ?? '/', 303)
}
